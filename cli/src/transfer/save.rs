//! Saving a row into a store, without losing or doubling a record, and what became of it.

use std::time::Duration;

use zoho_token_store::{Error, Field, OAuthToken, SecretsManagerTokenStore, TokenStore, matching};

use super::earlier::Earlier;
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
    /// The row was left out, and why.
    Refused(String),
}

impl Fate {
    pub fn name(&self) -> &'static str {
        match self {
            Fate::New => "new",
            Fate::Same => "same",
            Fate::Updated => "updated",
            Fate::Refused(_) => "refused",
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
        let refused = match try_save(store, row, rules, earlier).await {
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
            Err(Problem::Store(error)) => error.to_string(),
            Err(Problem::Row(reason)) => reason.to_owned(),
        };
        return Saved {
            fate: Fate::Refused(refused),
            id: None,
        };
    }
}

/// Why a row is not saved.
enum Problem {
    Store(Error),
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
                return Err(Problem::Row(OLDER));
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
        return Err(Problem::Row(
            "its id belongs to another record of the store: with --ids new it gets an id of its own",
        ));
    }
    let stored = stored.or(by_id);
    if let Some(stored) = &stored {
        if has_all(stored, row) {
            return Ok(Saved {
                fate: Fate::Same,
                id: stored.id().map(str::to_owned),
            });
        }
        if is_older(row, stored) && !rules.overwrite {
            return Err(Problem::Row(OLDER));
        }
        if may_be_older(row, stored) && !rules.overwrite && !earlier.has_saved(stored.id()) {
            return Err(Problem::Row(UNDATED));
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

/// Whether two tokens do not disagree about user and client.
fn is_same_login(one: &OAuthToken, other: &OAuthToken) -> bool {
    [Field::UserName, Field::ClientId].iter().all(|&field| {
        match (one.expose(field), other.expose(field)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    })
}

/// Whether a record has all columns of a row. Its id may be another one.
fn has_all(stored: &OAuthToken, row: &OAuthToken) -> bool {
    let given = Field::ALL.iter().filter(|&&field| field != Field::Id);
    given
        .filter_map(|&field| Some((field, row.expose(field)?)))
        .all(|(field, value)| stored.expose(field) == Some(value))
        && (row.accounts_url().is_none() || row.accounts_url() == stored.accounts_url())
}

/// Whether a row has another access token than the record, which expires earlier.
fn is_older(row: &OAuthToken, stored: &OAuthToken) -> bool {
    let differ = row.expose(Field::AccessToken) != stored.expose(Field::AccessToken);
    differ && row.expiry_time().is_some() && row.expiry_time() < stored.expiry_time()
}

/// Whether a row would replace the refresh or grant token of a record that has tokens, and no times say
/// which of the two are newer.
fn may_be_older(row: &OAuthToken, stored: &OAuthToken) -> bool {
    let is_another =
        |field| row.expose(field).is_some() && row.expose(field) != stored.expose(field);
    let tokens = [Field::AccessToken, Field::RefreshToken, Field::GrantToken];
    let has_tokens = tokens.iter().any(|&field| stored.expose(field).is_some());
    let is_dated = row.expiry_time().is_some() && stored.expiry_time().is_some();
    has_tokens && !is_dated && (is_another(Field::RefreshToken) || is_another(Field::GrantToken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(columns: &[(Field, &str)]) -> OAuthToken {
        let columns = columns
            .iter()
            .fold(OAuthToken::builder(), |builder, (field, value)| {
                builder.field(*field, *value)
            });
        columns.build().unwrap()
    }

    #[test]
    fn a_row_that_expires_earlier_is_older() {
        let stored = token(&[(Field::AccessToken, "b"), (Field::ExpiryTime, "9")]);
        let old = token(&[(Field::AccessToken, "a"), (Field::ExpiryTime, "8")]);
        assert!(is_older(&old, &stored) && !is_older(&stored, &old));
        assert!(!is_older(&token(&[(Field::AccessToken, "a")]), &stored));
    }

    #[test]
    fn a_row_with_another_refresh_token_and_no_time_may_be_older() {
        let stored = token(&[
            (Field::RefreshToken, "r2"),
            (Field::AccessToken, "a"),
            (Field::ExpiryTime, "9"),
        ]);
        let row = |columns: &[(Field, &str)]| token(&[&[(Field::UserName, "u")], columns].concat());
        let of = |columns: &[(Field, &str)]| may_be_older(&row(columns), &stored);
        assert!(of(&[(Field::RefreshToken, "r1")]));
        assert!(of(&[(Field::GrantToken, "g")]));
        assert!(!of(&[(Field::RefreshToken, "r2")]));
        assert!(!of(&[(Field::AccessToken, "b")]));
        assert!(!of(&[
            (Field::RefreshToken, "r1"),
            (Field::ExpiryTime, "9")
        ]));
        let empty = token(&[(Field::UserName, "u"), (Field::ClientId, "c")]);
        assert!(!may_be_older(&row(&[(Field::RefreshToken, "r")]), &empty));
    }

    #[test]
    fn a_row_with_fewer_columns_changes_nothing() {
        let stored = token(&[
            (Field::Id, "x"),
            (Field::UserName, "u"),
            (Field::RefreshToken, "r"),
        ]);
        assert!(has_all(
            &stored,
            &token(&[(Field::Id, "1"), (Field::UserName, "u")])
        ));
        assert!(!has_all(
            &stored,
            &token(&[(Field::UserName, "u"), (Field::AccessToken, "a")])
        ));
        assert_eq!(with_id(&stored, Some("x")), Some(stored));
    }
}
