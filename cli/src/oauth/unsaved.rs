//! Tokens that Zoho has issued and the store could not save. Zoho does not issue them twice, so the save
//! is tried again for some minutes.

use std::error::Error as _;
use std::time::Duration;

use tokio::time::sleep;
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenProvider, TokenStore};

use crate::failure::Failure;
use crate::output::{Output, note};
use crate::transfer::json_lines;

/// The pauses between attempts, in seconds.
pub const PAUSES: [u64; 9] = [1, 2, 4, 8, 15, 30, 30, 30, 30];

/// The same if somebody waits for a token that can be used as it is.
pub const BRIEFLY: [u64; 2] = [2, 5];

/// Saves what a provider could not save so far, and tries again after these pauses. Returns the errors
/// about what is not saved in the end.
pub async fn settle(provider: &TokenProvider, pauses: &[u64]) -> Vec<Error> {
    let mut pauses = pauses.iter();
    loop {
        let unsaved = provider.finish().await;
        let Some(error) = unsaved.iter().find(|error| error.is_retryable()) else {
            return unsaved;
        };
        match pauses.next() {
            Some(&pause) => wait(pause, error).await,
            None => return unsaved,
        }
    }
}

/// Calls a method of a provider. If it could not save a refresh token, which Zoho does not issue twice,
/// it is saved, and the method is called again.
pub async fn until_saved<T>(
    provider: &TokenProvider,
    call: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    match call().await {
        Err(error) if error.unsaved_token().is_some() => {
            match settle(provider, &PAUSES).await.is_empty() {
                true => call().await,
                false => Err(error),
            }
        }
        ended => ended,
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

/// What to say if a refresh token is not saved in the end. It is printed, for `import`, if secrets may be
/// shown.
pub fn report(output: Output, error: Error) -> Failure {
    match error.unsaved_token() {
        Some(_) => Failure::Other(lost(output, &error)),
        None => Failure::Store(error),
    }
}

/// The same as a line, for an error that has such a token.
pub fn lost(output: Output, error: &Error) -> String {
    let token = error.unsaved_token().map(json_lines::object);
    let token = token.filter(|_| output.show_secrets);
    let is_printed = token.is_some_and(|token| output.json(&token).is_ok());
    let what_to_do = match is_printed {
        true => "they are printed on standard output: `zoho-tokens import` reads them",
        false => {
            "log in again once the store works (with --show-secrets, tokens that cannot be saved are \
             printed)"
        }
    };
    format!(
        "Zoho has issued tokens that could not be saved: {}: {what_to_do}",
        cause(error)
    )
}

/// What went wrong with a save.
pub fn cause(error: &Error) -> String {
    let source = error.source();
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
