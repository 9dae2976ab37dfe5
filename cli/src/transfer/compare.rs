//! A row and the record that the store has: whose they are, and which of the two is newer.

use zoho_token_store::{Field, OAuthToken};

/// Whether two tokens do not disagree about user and client.
pub fn is_same_login(one: &OAuthToken, other: &OAuthToken) -> bool {
    [Field::UserName, Field::ClientId].iter().all(|&field| {
        match (one.expose(field), other.expose(field)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    })
}

/// Whether a record has all columns of a row. Its id may be another one.
pub fn has_all(stored: &OAuthToken, row: &OAuthToken) -> bool {
    let given = Field::ALL.iter().filter(|&&field| field != Field::Id);
    given
        .filter_map(|&field| Some((field, row.expose(field)?)))
        .all(|(field, value)| stored.expose(field) == Some(value))
        && (row.accounts_url().is_none() || row.accounts_url() == stored.accounts_url())
}

/// Whether a row has another access token than the record, which expires earlier.
pub fn is_older(row: &OAuthToken, stored: &OAuthToken) -> bool {
    let differ = row.expose(Field::AccessToken) != stored.expose(Field::AccessToken);
    differ && row.expiry_time().is_some() && row.expiry_time() < stored.expiry_time()
}

/// Whether a row would replace the refresh or grant token of a record that has tokens, or an access token
/// of which it is known when it expires, and no times say which of the two are newer.
pub fn may_be_older(row: &OAuthToken, stored: &OAuthToken) -> bool {
    let has_tokens = TOKENS.iter().any(|&field| stored.expose(field).is_some());
    let is_dated = row.expiry_time().is_some() && stored.expiry_time().is_some();
    let has_time = stored.expiry_time().is_some();
    let counts = |field: &Field| *field != Field::AccessToken || has_time;
    has_tokens && !is_dated && other_tokens(row, stored).iter().any(counts)
}

/// The tokens that a row gives and the record does not have.
pub fn other_tokens(row: &OAuthToken, stored: &OAuthToken) -> Vec<Field> {
    let is_another =
        |field: &Field| row.expose(*field).is_some() && row.expose(*field) != stored.expose(*field);
    TOKENS.into_iter().filter(is_another).collect()
}

pub const TOKENS: [Field; 3] = [Field::AccessToken, Field::RefreshToken, Field::GrantToken];

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
        // Without a time, the access token would be taken for one that never expires.
        assert!(of(&[(Field::AccessToken, "b")]));
        assert!(!of(&[(Field::AccessToken, "a")]));
        assert!(!of(&[(Field::AccessToken, "b"), (Field::ExpiryTime, "9")]));
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
    }
}
