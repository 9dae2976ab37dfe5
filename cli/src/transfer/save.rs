//! Saving a row into a store, without losing or doubling a record, and what became of it.

use std::time::Duration;

use zoho_token_store::{Error, Field, OAuthToken, SecretsManagerTokenStore, TokenStore, matching};

use super::compare::{has_all, is_older, is_same_login, may_be_older, other_tokens};
use super::earlier::Earlier;
use crate::advice;
use crate::args::Ids;

/// The pauses before a row is saved again after an error that may pass: 1, 2, 4 and 8 seconds.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(8);

/// How rows are saved.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub ids: Ids,
    pub overwrite: bool,
    pub dry_run: bool,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There was no such record.
    New,
    /// The record has all of the row's columns already.
    Same,
    /// The record had other columns.
    Updated,
    /// The record has other tokens, which are newer or may be: the row was left out.
    Older(Older),
    /// The row was left out, and why.
    Refused(String),
}

/// Why a row is not saved over a record that has other tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Older {
    pub reason: &'static str,
    /// The tokens in which it differs from the record.
    pub tokens: Vec<Field>,
}

impl Fate {
    pub fn name(&self) -> &'static str {
        match self {
            Fate::New => "new",
            Fate::Same => "same",
            Fate::Updated => "updated",
            Fate::Older(_) | Fate::Refused(_) => "refused",
        }
    }

    /// Why the row was left out.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Fate::New | Fate::Same | Fate::Updated => None,
            Fate::Older(older) => Some(older.reason),
            Fate::Refused(reason) => Some(reason),
        }
    }
}

/// What became of a row, and the id of its record if there is one.
pub struct Saved {
    pub fate: Fate,
    pub id: Option<String>,
}

/// Saves a row, or finds out what a save would do.
///
/// The record is looked for by user and token, not by the row's id: files of two programs have the
/// same ids for different users, and the store may have the user's record under another id.
pub async fn save(
    store: &SecretsManagerTokenStore,
    row: &OAuthToken,
    rules: Rules,
    earlier: &Earlier,
) -> Saved {
    let mut pause = FIRST_PAUSE;
    loop {
        let fate = match try_save(store, row, rules, earlier).await {
            Ok(saved) => {
                earlier.saved(saved.id.as_deref());
                return saved;
            }
            // A save can be repeated: what is stored is found again.
            Err(Problem::Store(error)) if error.is_retryable() && pause <= LAST_PAUSE => {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            Err(Problem::Store(error)) => Fate::Refused(advice::text(&error)),
            Err(Problem::Row(reason)) => Fate::Refused(reason.to_owned()),
            Err(Problem::Older(older)) => Fate::Older(older),
        };
        return Saved { fate, id: None };
    }
}

/// Why a row is not saved.
enum Problem {
    Store(Error),
    Older(Older),
    Row(&'static str),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem::Store(error)
    }
}

const OLDER: &str = "the store's access token expires later, so it is newer in all likelihood, and \
                     nothing has to be done (--overwrite would bring the row's tokens back)";

const UNDATED: &str = "the store has other tokens, perhaps of a later login, and the row has no time \
                       that says so: nothing has to be done unless the row's login is the later one \
                       (then --overwrite)";

const OTHER_ID: &str = "its id belongs to another record of the store: with --ids new it gets an id of its \
                        own";

async fn try_save(
    store: &SecretsManagerTokenStore,
    row: &OAuthToken,
    rules: Rules,
    earlier: &Earlier,
) -> Result<Saved, Problem> {
    if let Some(planned) = earlier.planned(row) {
        let fate = match earlier.has_all(&planned, row) {
            true => Fate::Same,
            false if earlier.is_older(row, &planned) && !rules.overwrite => {
                let tokens = earlier.other_tokens(&planned, row);
                let reason = OLDER;
                return Err(Problem::Older(Older { reason, tokens }));
            }
            false => Fate::Updated,
        };
        earlier.plan_over(Some(planned), row);
        return Ok(Saved { fate, id: None });
    }
    let anonymous = without_id(row);
    let stored = match &anonymous {
        Some(anonymous) => store.find_token(anonymous).await?,
        None if rules.ids == Ids::New => {
            return Err(Problem::Row(
                "nothing but its id says which record it is: --ids keep imports it under that id",
            ));
        }
        None => None,
    };
    let by_id = match (row.id(), rules.ids) {
        (Some(id), Ids::Keep) if stored.is_none() => store.find_token_by_id(id).await?,
        _ => None,
    };
    if let Some(other) = &by_id
        && !is_same_login(other, row)
    {
        return Err(Problem::Row(OTHER_ID));
    }
    let stored = stored.or(by_id);
    if let Some(stored) = &stored {
        if has_all(stored, row) {
            return Ok(Saved {
                fate: Fate::Same,
                id: stored.id().map(str::to_owned),
            });
        }
        let reason = match rules.overwrite {
            true => None,
            false if is_older(row, stored) => Some(OLDER),
            false if may_be_older(row, stored) && !earlier.has_saved(stored.id()) => Some(UNDATED),
            false => None,
        };
        if let Some(reason) = reason {
            let tokens = other_tokens(row, stored);
            return Err(Problem::Older(Older { reason, tokens }));
        }
    }
    let fate = match stored {
        Some(_) => Fate::Updated,
        None => Fate::New,
    };
    let token = match (&stored, anonymous, rules.ids) {
        // An update, by the id that was found.
        (Some(stored), _, _) => with_id(row, stored.id()),
        (None, Some(anonymous), Ids::New) => Some(anonymous),
        (None, _, _) => Some(row.clone()),
    };
    let token = token.ok_or(Problem::Row("the row is not a token"))?;
    if stored.is_none() {
        matching::check_insertable(&token)?;
    }
    if rules.dry_run {
        if stored.is_none() && rules.ids == Ids::Keep && !earlier.takes_id(row) {
            return Err(Problem::Row(OTHER_ID));
        }
        earlier.plan(stored.as_ref(), row);
        return Ok(Saved {
            fate,
            id: stored.and_then(|stored| stored.id().map(str::to_owned)),
        });
    }
    let saved = store.save_token(&token).await?;
    Ok(Saved {
        fate,
        id: saved.id().map(str::to_owned),
    })
}

/// The row without its id. Returns `None` if nothing else says which record it is.
fn without_id(row: &OAuthToken) -> Option<OAuthToken> {
    with_id(row, None)
}

fn with_id(row: &OAuthToken, id: Option<&str>) -> Option<OAuthToken> {
    let mut columns = OAuthToken::builder();
    for &field in Field::ALL {
        let value = match field {
            Field::Id => id,
            _ => row.expose(field),
        };
        if let Some(value) = value {
            columns = columns.field(field, value);
        }
    }
    if let Some(url) = row.accounts_url() {
        columns = columns.accounts_url(url);
    }
    columns.build().ok()
}
