//! Tokens that Zoho has issued and the store could not save. Zoho does not issue them twice, so the save
//! is tried again for some minutes.

use std::error::Error as _;
use std::time::Duration;

use tokio::time::sleep;
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};

use crate::failure::Failure;
use crate::output::{Output, note};
use crate::transfer::json_lines;

/// The pauses between attempts, in seconds.
const PAUSES: [u64; 9] = [1, 2, 4, 8, 15, 30, 30, 30, 30];

/// Calls a method of a provider, and again if it has tokens that could not be saved: while the process
/// lives, the provider keeps them, and saves them before it asks Zoho.
pub async fn until_saved<T>(call: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    let mut unsaved: Option<Error> = None;
    let mut pauses = PAUSES.iter();
    loop {
        let error = match call().await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let is_retryable = error.is_retryable();
        // A later error says less: for example, that the store cannot be read either.
        let error = match (error.unsaved_token(), unsaved.take()) {
            (None, Some(former)) => former,
            (None, None) => return Err(error),
            (Some(_), _) => error,
        };
        match pauses.next() {
            Some(&pause) if is_retryable => wait(pause, &error).await,
            _ => return Err(error),
        }
        unsaved = Some(error);
    }
}

/// Saves the tokens that an error has. Returns the error if it has none, or if that fails.
pub async fn save(store: &SecretsManagerTokenStore, error: Error) -> Result<OAuthToken, Error> {
    let Some(token) = error.unsaved_token().cloned() else {
        return Err(error);
    };
    let mut is_retryable = error.is_retryable();
    for pause in PAUSES {
        if !is_retryable {
            break;
        }
        wait(pause, &error).await;
        match store.save_token(&token).await {
            Ok(saved) => return Ok(saved),
            Err(again) => is_retryable = again.is_retryable(),
        }
    }
    Err(error)
}

async fn wait(pause: u64, error: &Error) {
    note(&format!(
        "zoho-tokens: Zoho has issued tokens that could not be saved; trying again in {pause} s ({})",
        cause(error)
    ));
    sleep(Duration::from_secs(pause)).await;
}

/// What to say if tokens of a login are not saved in the end. They are printed, for `import`, if secrets
/// may be shown.
pub fn report(output: Output, error: Error) -> Failure {
    let Some(token) = error.unsaved_token() else {
        return Failure::Store(error);
    };
    let what_to_do = match output.show_secrets {
        true => match output.json(&json_lines::object(token)) {
            Ok(()) => "they are printed on standard output: `zoho-tokens import` reads them",
            Err(failure) => return failure,
        },
        false => {
            "log in again once the store works (with --show-secrets, tokens that cannot be saved are \
             printed)"
        }
    };
    Failure::Other(format!(
        "Zoho has issued tokens that could not be saved: {}: {what_to_do}",
        cause(&error)
    ))
}

fn cause(error: &Error) -> String {
    let source = error.source();
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
