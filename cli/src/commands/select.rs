//! The record that a user name or an id on the command line means, and the question before it is
//! changed.

use std::io::{self, BufRead, IsTerminal, Write};

use zoho_token_store::{OAuthToken, SecretsManagerTokenStore, TokenStore};

use crate::failure::Failure;
use crate::text::printable;

/// Finds a record by its id, or else by its user, and by the client if one is given.
pub async fn find(
    store: &SecretsManagerTokenStore,
    record: &str,
    client_id: Option<&str>,
) -> Result<OAuthToken, Failure> {
    let is_of_client = |token: &OAuthToken| client_id.is_none() || token.client_id() == client_id;
    if let Some(token) = store.find_token_by_id(record).await?
        && is_of_client(&token)
    {
        return Ok(token);
    }
    let mut partial = OAuthToken::builder().user_name(record);
    if let Some(client_id) = client_id {
        partial = partial.client_id(client_id);
    }
    let found = store.find_token(&partial.build()?).await?;
    found.filter(is_of_client).ok_or_else(|| missing(record))
}

pub fn missing(record: &str) -> Failure {
    Failure::NotFound(format!(
        "there is no record with the user or id `{record}`: `zoho-tokens list` prints all, and \
         `zoho-tokens list --deleted` those that were deleted"
    ))
}

/// Asks on the terminal. Without one, `--yes` must be given.
pub async fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask on: add --yes".to_owned(),
        ));
    }
    let question = format!("{} [y/N] ", printable(question));
    // On a thread of its own, so that Ctrl-C is seen meanwhile.
    let asked = tokio::task::spawn_blocking(move || {
        let mut stderr = io::stderr();
        stderr.write_all(question.as_bytes())?;
        stderr.flush()?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line)
    });
    let answer = asked
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| Failure::io("the terminal cannot be read", error))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Other("nothing was changed".to_owned())),
    }
}
