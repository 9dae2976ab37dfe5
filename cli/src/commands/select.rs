//! The record that a user name or an id on the command line means, and the question before it is
//! changed.

use std::io::{self, BufRead, IsTerminal, Write};

use futures::StreamExt;
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};

use crate::failure::Failure;
use crate::output::progress::Progress;
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

/// Finds the record that is to be deleted. A user who has several, and no client is given, is refused:
/// which one is meant is not to be guessed.
pub async fn find_only(
    store: &SecretsManagerTokenStore,
    record: &str,
    client_id: Option<&str>,
) -> Result<OAuthToken, Failure> {
    let found = find(store, record, client_id).await?;
    if client_id.is_some() || found.id() == Some(record) {
        return Ok(found);
    }
    let progress = Progress::new("records read", None);
    let mut others = Vec::new();
    let mut tokens = store.tokens();
    while let Some(token) = tokens.next().await {
        progress.add(1);
        let token = token.map_err(|error| {
            Failure::Other(format!(
                "whether {record} has several records is not known: give --client-id, or the id \
                 {}: {error}",
                found.id().unwrap_or_default()
            ))
        })?;
        if token.user_name() == Some(record) && token.id() != found.id() {
            others.push(token);
        }
    }
    if others.is_empty() {
        return Ok(found);
    }
    let name = |token: &OAuthToken| {
        let client = token.client_id().unwrap_or("no client");
        format!("{} ({client})", token.id().unwrap_or_default())
    };
    let mut names: Vec<_> = others.iter().chain([&found]).map(name).collect();
    names.sort_unstable();
    Err(Failure::Usage(format!(
        "{record} has {} records: give --client-id, or the id of one: {}",
        names.len(),
        names.join(", ")
    )))
}

/// Only the id of a record, for the provider: it would take the accounts server of a whole record for
/// one that the user has named, and send it the client secret. And a record that has been refreshed
/// since would not be found by its values.
pub fn by_id(token: &OAuthToken) -> Result<OAuthToken, Error> {
    OAuthToken::builder()
        .id(token.id().unwrap_or_default())
        .build()
}

pub fn missing(record: &str) -> Failure {
    Failure::NotFound(format!(
        "there is no record with the user or id `{record}`: `zoho-tokens list` prints all, and \
         `zoho-tokens list --deleted` those that were deleted"
    ))
}

/// Whether there is a person at a terminal who can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal. Without one, `--yes` must be given.
pub async fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !can_ask() {
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
