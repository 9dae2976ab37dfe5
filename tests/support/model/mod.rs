//! A model of the contract: what is stored after each operation, and which results of a store the
//! contract allows.

mod half_done;

use std::collections::HashMap;
use std::fmt;

use zoho_token_store::{Error, ErrorKind, Field, OAuthToken, OAuthTokenBuilder, TokenStore};

use crate::support::token::id;

pub const STRONGEST_FIRST: [Field; 4] = [
    Field::UserName,
    Field::AccessToken,
    Field::GrantToken,
    Field::RefreshToken,
];

/// An operation on a store.
pub enum Operation {
    Save(OAuthTokenBuilder),
    Find(OAuthTokenBuilder),
    FindById(String),
    Delete(String),
    List,
    Clear,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |token: &OAuthTokenBuilder| match token.clone().build() {
            Ok(token) => text(&token),
            Err(error) => error.to_string(),
        };
        match self {
            Operation::Save(token) => write!(f, "save {}", shown(token)),
            Operation::Find(token) => write!(f, "find {}", shown(token)),
            Operation::FindById(id) => write!(f, "find {id:?}"),
            Operation::Delete(id) => write!(f, "delete {id:?}"),
            Operation::List => f.write_str("list"),
            Operation::Clear => f.write_str("clear"),
        }
    }
}

/// The model's state.
#[derive(Clone, Default)]
pub struct Model {
    pub records: Vec<OAuthToken>,
    /// The record returned for a partial token in a state; the same lookup must return it again.
    choices: HashMap<(String, Vec<String>), String>,
}

impl Model {
    /// Runs the operation on the stores and returns what is wrong with its result.
    pub async fn check(
        &mut self,
        operation: &Operation,
        reader: &dyn TokenStore,
        writer: &dyn TokenStore,
    ) -> Result<(), String> {
        match operation {
            Operation::Save(token) => match token.clone().build() {
                Ok(token) => self.saved(&token, writer.save_token(&token).await)?,
                Err(error) => is_invalid(error)?,
            },
            Operation::Find(token) => match token.clone().build() {
                Ok(token) => {
                    // The writer caches what may soon be stale.
                    writer.find_token(&token).await.map_err(failed)?;
                    self.found(&token, reader.find_token(&token).await.map_err(failed)?)?;
                }
                Err(error) => is_invalid(error)?,
            },
            Operation::FindById(asked) => {
                let stored = self
                    .records
                    .iter()
                    .find(|record| record.id() == Some(asked));
                equal(
                    reader
                        .find_token_by_id(asked)
                        .await
                        .map_err(failed)?
                        .as_ref(),
                    stored,
                )?;
            }
            Operation::Delete(asked) => {
                writer.delete_token(asked).await.map_err(failed)?;
                self.records.retain(|record| record.id() != Some(asked));
            }
            Operation::Clear => {
                writer.delete_tokens().await.map_err(failed)?;
                self.records.clear();
            }
            Operation::List => {
                let listed = reader.get_tokens().await.map_err(failed)?;
                if texts(&listed) != texts(&self.records) {
                    return Err(format!(
                        "listed {:?} instead of {:?}",
                        texts(&listed),
                        texts(&self.records)
                    ));
                }
            }
        }
        Ok(())
    }

    fn found(&mut self, partial: &OAuthToken, found: Option<OAuthToken>) -> Result<(), String> {
        let allowed = self.allowed(partial);
        let Some(found) = found else {
            return equal(None, allowed.first().copied());
        };
        if !allowed.contains(&&found) {
            return Err(format!(
                "found {} instead of one of {:?}",
                text(&found),
                texts(allowed)
            ));
        }
        let question = (text(partial), texts(&self.records));
        let choice = self
            .choices
            .entry(question)
            .or_insert_with(|| id(&found).to_owned());
        match *choice == id(&found) {
            true => Ok(()),
            false => Err(format!(
                "chose {} where it chose {choice} before",
                id(&found)
            )),
        }
    }

    /// Checks the result of a save and applies it.
    pub fn saved(
        &mut self,
        token: &OAuthToken,
        saved: Result<OAuthToken, Error>,
    ) -> Result<(), String> {
        let allowed = self.allowed(token);
        let values = [Field::AccessToken, Field::GrantToken, Field::RefreshToken];
        if allowed.is_empty() && values.iter().all(|&field| token.expose(field).is_none()) {
            return saved.map_or_else(is_invalid, |saved| {
                Err(format!("inserted {}", text(&saved)))
            });
        }
        let saved = saved.map_err(failed)?;
        let expected = if allowed.is_empty() {
            if self.records.iter().any(|record| record.id() == saved.id()) {
                return Err(format!("inserted {} over another record", text(&saved)));
            }
            token
                .to_builder()
                .id(token.id().unwrap_or(id(&saved)))
                .build()
        } else {
            let stored = allowed.into_iter().find(|stored| stored.id() == saved.id());
            let stored =
                stored.ok_or_else(|| format!("saved {} to the wrong record", text(&saved)))?;
            let new_access_token = token.access_token().is_some()
                && token.expose(Field::AccessToken) != stored.expose(Field::AccessToken);
            let kept = |field: Field| match field {
                // It was the expiry time of the access token that is replaced.
                Field::ExpiryTime if new_access_token => None,
                _ => stored.expose(field),
            };
            let columns = Field::ALL.iter().filter_map(|&field| {
                let given = token.expose(field).filter(|_| field != Field::Id);
                Some((field, given.or_else(|| kept(field))?))
            });
            columns
                .fold(OAuthToken::builder(), |record, (field, value)| {
                    record.field(field, value)
                })
                .build()
        };
        equal(Some(&saved), Some(&expected.map_err(failed)?))?;
        self.records.retain(|record| record.id() != saved.id());
        self.records.push(saved);
        Ok(())
    }

    /// Returns the records that the contract allows for this partial token.
    fn allowed(&self, partial: &OAuthToken) -> Vec<&OAuthToken> {
        let all = || self.records.iter();
        if partial.id().is_some() {
            return all().filter(|record| record.id() == partial.id()).collect();
        }
        let agrees = |record: &OAuthToken, field| {
            let (given, stored) = (partial.expose(field), record.expose(field));
            given.is_none() || stored.is_none() || given == stored
        };
        let given = STRONGEST_FIRST
            .into_iter()
            .filter(|&field| partial.expose(field).is_some());
        let equal = |field| {
            let equal = all().filter(move |record| record.expose(field) == partial.expose(field));
            equal
                .filter(|record| agrees(record, Field::UserName) && agrees(record, Field::ClientId))
                .collect::<Vec<_>>()
        };
        let equal = given
            .map(equal)
            .find(|records| !records.is_empty())
            .unwrap_or_default();
        let of_client = |record: &&OAuthToken| {
            partial.client_id().is_some() && record.client_id() == partial.client_id()
        };
        match equal.iter().copied().filter(of_client).collect::<Vec<_>>() {
            none if none.is_empty() => equal,
            of_client => of_client,
        }
    }
}

fn is_invalid(error: Error) -> Result<(), String> {
    match error.kind() {
        ErrorKind::InvalidToken => Ok(()),
        _ => Err(failed(error)),
    }
}

fn failed(error: Error) -> String {
    format!("failed: {error}")
}

fn equal(returned: Option<&OAuthToken>, expected: Option<&OAuthToken>) -> Result<(), String> {
    match returned == expected {
        true => Ok(()),
        false => Err(format!(
            "returned {:?} instead of {:?}",
            returned.map(text),
            expected.map(text)
        )),
    }
}

pub fn text(token: &OAuthToken) -> String {
    let columns = Field::ALL
        .iter()
        .copied()
        .filter_map(|field| Some(format!("{field}={}", token.expose(field)?)));
    columns.collect::<Vec<_>>().join(" ")
}

/// Returns the texts in ascending order.
pub fn texts<'a>(tokens: impl IntoIterator<Item = &'a OAuthToken>) -> Vec<String> {
    let mut texts: Vec<_> = tokens.into_iter().map(text).collect();
    texts.sort_unstable();
    texts
}
