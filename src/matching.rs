//! Which record a partial token denotes, and what a save makes of it: pure rules, shared by every
//! store.

use crate::{Error, ErrorKind, Field, OAuthToken};

/// The fields that identify a record when no id is given, the strongest first.
pub const IDENTIFYING_FIELDS: &[Field] = &[
    Field::UserName,
    Field::AccessToken,
    Field::GrantToken,
    Field::RefreshToken,
];

/// The identifying fields that the token gives, the strongest first.
pub fn identifying_fields(partial: &OAuthToken) -> impl Iterator<Item = Field> {
    let fields = IDENTIFYING_FIELDS.iter().copied();
    fields.filter(|&field| partial.expose(field).is_some())
}

/// Returns the record that the partial token denotes, and the field that decided.
///
/// Where the rules leave a choice, the first in the given order is taken: give the records in an
/// order that is always the same. If the partial token has an id, only the record with that id
/// counts, and the field is [`Field::Id`].
///
/// ```
/// use zoho_token_store::{Field, OAuthToken, matching};
///
/// # fn main() -> Result<(), zoho_token_store::Error> {
/// let ada = OAuthToken::builder().id("1").user_name("ada").access_token("aa").build()?;
/// let bob = OAuthToken::builder().id("2").user_name("bob").access_token("bb").build()?;
/// let partial = OAuthToken::builder().access_token("bb").build()?;
/// let records = [ada, bob];
/// assert_eq!(matching::denoted(&partial, &records), Some((Field::AccessToken, &records[1])));
/// # Ok(())
/// # }
/// ```
pub fn denoted<'a>(
    partial: &OAuthToken,
    records: impl IntoIterator<Item = &'a OAuthToken, IntoIter: Clone>,
) -> Option<(Field, &'a OAuthToken)> {
    let records = records.into_iter();
    if partial.id().is_some() {
        return records
            .clone()
            .find(|record| record.id() == partial.id())
            .map(|record| (Field::Id, record));
    }
    identifying_fields(partial).find_map(|field| {
        let mut candidates = records
            .clone()
            .filter(|record| matches(partial, record, field));
        let of_client = || {
            candidates
                .clone()
                .find(|record| record.client_id() == partial.client_id())
        };
        partial
            .client_id()
            .and_then(|_| of_client())
            .or_else(|| candidates.next())
            .map(|record| (field, record))
    })
}

/// Whether the record is equal to the partial token in this field and agrees with it in user and
/// client.
pub fn matches(partial: &OAuthToken, record: &OAuthToken, field: Field) -> bool {
    let agrees = |field| match (partial.expose(field), record.expose(field)) {
        (Some(given), Some(stored)) => given == stored,
        _ => true,
    };
    partial.expose(field).is_some()
        && partial.expose(field) == record.expose(field)
        && agrees(Field::UserName)
        && agrees(Field::ClientId)
}

/// Returns the stored record after a save: given fields replace stored ones, absent fields keep
/// them, the id stays.
///
/// The stored `expiry_time` is dropped if the save brings another access token without one.
///
/// # Errors
///
/// None for two tokens that were built: the result satisfies what each of them satisfies.
pub fn merged(stored: &OAuthToken, given: &OAuthToken) -> Result<OAuthToken, Error> {
    let mut record = stored.to_builder();
    let new_access_token = given.access_token().is_some()
        && given.expose(Field::AccessToken) != stored.expose(Field::AccessToken);
    if new_access_token {
        record = record.without(Field::ExpiryTime);
    }
    for &field in Field::ALL.iter().filter(|field| **field != Field::Id) {
        if let Some(value) = given.expose(field) {
            record = record.field(field, value);
        }
    }
    if let Some(url) = given.accounts_url() {
        record = record.accounts_url(url);
    }
    record.build()
}

/// Whether a refresh of one token is a refresh of the other: client, tokens and expiry time are equal.
///
/// A save that changes one of them drops the record's lease
/// ([`RefreshCoordination`](crate::RefreshCoordination)).
pub fn are_refreshed_alike(one: &OAuthToken, other: &OAuthToken) -> bool {
    let fields = [
        Field::ClientId,
        Field::ClientSecret,
        Field::RefreshToken,
        Field::AccessToken,
        Field::GrantToken,
        Field::ExpiryTime,
    ];
    fields
        .into_iter()
        .all(|field| one.expose(field) == other.expose(field))
}

/// Whether a save that makes `saved` of the stored record keeps this lease of it
/// ([`RefreshCoordination`](crate::RefreshCoordination)).
///
/// It does if a refresh of one [is one of the other](are_refreshed_alike). A lease that names grant
/// tokens that may have been sent is also kept until another login is saved: nothing else of it counts
/// for a record with other tokens.
pub fn keeps_lease(lease: &str, stored: &OAuthToken, saved: &OAuthToken) -> bool {
    let is_same_login = || {
        [Field::RefreshToken, Field::GrantToken]
            .into_iter()
            .all(|field| stored.expose(field) == saved.expose(field))
    };
    are_refreshed_alike(stored, saved) || (lease.contains(":grant:") && is_same_login())
}

/// Checks that the token can become a new record: it must have a token value.
///
/// # Errors
///
/// [`ErrorKind::InvalidToken`] if it has none of access, grant and refresh token.
pub fn check_insertable(token: &OAuthToken) -> Result<(), Error> {
    let values = [Field::AccessToken, Field::GrantToken, Field::RefreshToken];
    if values
        .into_iter()
        .any(|field| token.expose(field).is_some())
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidToken,
        "there is no such record, and the token has no token value to store in a new one",
    )
    .advise("give an access_token, grant_token or refresh_token"))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    fn found(partial: &str, records: &[&str]) -> Option<(Field, String)> {
        let records: Vec<_> = records.iter().map(|columns| token(columns)).collect();
        denoted(&token(partial), &records)
            .map(|(field, record)| (field, record.id().unwrap().to_owned()))
    }

    #[test]
    fn the_strongest_field_with_an_agreeing_record_decides() {
        let records = [
            "id=1 user_name=u access_token=a",
            "id=2 access_token=b refresh_token=r client_id=c",
        ];
        let cases = [
            ("id=2 user_name=u", Some((Field::Id, "2"))),
            ("id=3 user_name=u", None),
            ("user_name=u access_token=b", Some((Field::UserName, "1"))),
            (
                "user_name=v access_token=b",
                Some((Field::AccessToken, "2")),
            ),
            ("user_name=v access_token=a", None),
            (
                "access_token=x refresh_token=r",
                Some((Field::RefreshToken, "2")),
            ),
            ("access_token=b client_id=other", None),
            ("access_token=B", None),
        ];
        for (partial, expected) in cases {
            assert_eq!(
                found(partial, &records),
                expected.map(|(field, id)| (field, id.to_owned())),
                "{partial}"
            );
        }
    }

    #[test]
    fn the_given_client_comes_first_then_the_order() {
        let records = [
            "id=1 user_name=u",
            "id=2 user_name=u client_id=c",
            "id=3 user_name=u client_id=d",
        ];
        let id = |partial| found(partial, &records).map(|(_, id)| id);
        assert_eq!(id("user_name=u client_id=c").as_deref(), Some("2"));
        assert_eq!(id("user_name=u client_id=d").as_deref(), Some("3"));
        assert_eq!(id("user_name=u client_id=e").as_deref(), Some("1"));
        assert_eq!(id("user_name=u").as_deref(), Some("1"));
    }

    #[test]
    fn merging_replaces_what_is_given_and_keeps_the_id() {
        let stored = token("id=1 user_name=u refresh_token=r access_token=a");
        let merged = merged(&stored, &token("id=2 access_token=b api_domain=d")).unwrap();
        assert_eq!(
            merged,
            token("id=1 user_name=u refresh_token=r access_token=b api_domain=d")
        );
    }
}
