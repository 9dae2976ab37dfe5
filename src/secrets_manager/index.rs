//! The tag index: fingerprints of lookup keys, and the ids and tags derived from them.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::{Error, ErrorKind, Field, OAuthToken};

/// The tag that says whose secret it is.
pub(super) const MANAGED_BY: (&str, &str) = ("managed-by", "zoho-token-store");

/// How many tags the store sets itself: [`MANAGED_BY`] and two for every lookup key.
pub(super) const OWN_TAGS: usize = 9;

/// Where no fingerprint key is configured: not a secret, it only keeps these digests apart from all
/// others.
const PUBLIC_KEY: &[u8] = b"zoho-token-store";

/// How many ids are derived from one value before the store gives up; more than two take hand-made
/// collisions.
pub(super) const DERIVED_IDS: u8 = 8;

/// The fields that a new record's id is derived from, the first that is given.
const ID_SOURCES: [Field; 4] = [
    Field::UserName,
    Field::GrantToken,
    Field::RefreshToken,
    Field::AccessToken,
];

/// Makes fingerprints: HMAC-SHA-256 in hexadecimal, always 64 characters.
///
/// As all are equally long, AWS's prefix match on tag values is an exact match; and as a tag's
/// value begins with the kind of the key, it does not matter that AWS pairs keys and values of a
/// filter only loosely.
pub(super) struct Fingerprints {
    keyed: Hmac<Sha256>,
}

impl Fingerprints {
    pub(super) fn new(key: Option<&SecretSlice<u8>>) -> Result<Self, Error> {
        let key = key.map_or(PUBLIC_KEY, |key| key.expose_secret());
        if key.len() < 16 {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("the fingerprint key has {} bytes", key.len()),
            )
            .advise("use at least 16 random bytes, better 32"));
        }
        let keyed = Hmac::new_from_slice(key).map_err(|cause| {
            Error::new(
                ErrorKind::InvalidConfig,
                "the fingerprint key cannot be used",
            )
            .with_source(cause)
        })?;
        Ok(Fingerprints { keyed })
    }

    /// The fingerprint of one column's value.
    pub(super) fn of(&self, field: Field, value: &str) -> String {
        self.digest(&[field.as_str(), value])
    }

    /// The ids that a record found by this field may have been given, in the order in which they
    /// are taken.
    pub(super) fn derived_id(
        &self,
        token: &OAuthToken,
        field: Field,
        number: u8,
    ) -> Option<String> {
        let value = token.expose(field)?;
        Some(match (number, token.client_id()) {
            (0, _) => self.of(field, value),
            (1, Some(client)) => self.digest(&[field.as_str(), value, client]),
            (number, client) => self.digest(&[
                field.as_str(),
                value,
                client.unwrap_or_default(),
                number.to_string().as_str(),
            ]),
        })
    }

    /// The values of the index tags that a record with any of the token's keys has.
    pub(super) fn lookup_values(&self, partial: &OAuthToken) -> Vec<String> {
        tag_keys()
            .filter_map(|(field, _)| self.tag_value(partial, field))
            .collect()
    }

    /// The index tags of a record, each key's fingerprint and the one it replaces.
    ///
    /// The tags change before the value does. With both fingerprints there, the record is found by
    /// its old and by its new key whichever value it holds, even if the writer stops in between.
    pub(super) fn tags(
        &self,
        record: &OAuthToken,
        replaced: Option<&OAuthToken>,
    ) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        for (field, key) in tag_keys() {
            let now = self.tag_value(record, field);
            let before = replaced
                .and_then(|replaced| self.tag_value(replaced, field))
                .filter(|before| now.as_ref() != Some(before));
            tags.extend(now.map(|value| (key.to_owned(), value)));
            tags.extend(before.map(|value| (format!("{key}-before"), value)));
        }
        tags
    }

    fn tag_value(&self, token: &OAuthToken, field: Field) -> Option<String> {
        Some(format!("{field}:{}", self.of(field, token.expose(field)?)))
    }

    /// Every part goes in with its length, so that no two lists of parts are the same bytes.
    fn digest(&self, parts: &[&str]) -> String {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize()
            .into_bytes()
            .iter()
            .fold(String::with_capacity(64), |mut digits, byte| {
                // Writing to a string cannot fail.
                let _ = write!(digits, "{byte:02x}");
                digits
            })
    }
}

/// The field that a new record's id is derived from.
pub(super) fn id_source(token: &OAuthToken) -> Option<Field> {
    ID_SOURCES
        .into_iter()
        .find(|&field| token.expose(field).is_some())
}

/// Whether two states of a record differ in a lookup key.
pub(super) fn keys_differ(one: &OAuthToken, other: &OAuthToken) -> bool {
    tag_keys().any(|(field, _)| one.expose(field) != other.expose(field))
}

fn tag_keys() -> impl Iterator<Item = (Field, &'static str)> {
    [
        (Field::UserName, "zoho-token-store:user"),
        (Field::AccessToken, "zoho-token-store:access"),
        (Field::GrantToken, "zoho-token-store:grant"),
        (Field::RefreshToken, "zoho-token-store:refresh"),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprints() -> Fingerprints {
        Fingerprints::new(None).unwrap()
    }

    #[test]
    fn a_fingerprint_is_hmac_sha_256_of_the_lengths_and_parts() {
        // printf '\0\0\0\0\0\0\0\x09user_name\0\0\0\0\0\0\0\x03ada' | openssl dgst -sha256 -hmac
        // zoho-token-store
        assert_eq!(
            fingerprints().of(Field::UserName, "ada"),
            "d827445debc38e4cc0147a1d1017b1f1344a572baa20a560a84db32a96c88cbc"
        );
    }

    #[test]
    fn fingerprints_differ_by_field_value_and_key() {
        let keyed = Fingerprints::new(Some(&SecretSlice::from(vec![7; 32]))).unwrap();
        let all = [
            fingerprints().of(Field::UserName, "x"),
            fingerprints().of(Field::UserName, "X"),
            fingerprints().of(Field::AccessToken, "x"),
            keyed.of(Field::UserName, "x"),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|fingerprint| fingerprint.len() == 64));
        assert!(Fingerprints::new(Some(&SecretSlice::from(vec![7; 15]))).is_err());
    }

    #[test]
    fn derived_ids_mix_in_the_client_from_the_second_on() {
        let prints = fingerprints();
        let token = |client: &str| {
            OAuthToken::builder()
                .user_name("u")
                .client_id(client)
                .build()
                .unwrap()
        };
        let id = |client: &str, number| {
            prints
                .derived_id(&token(client), Field::UserName, number)
                .unwrap()
        };
        assert_eq!(id("c", 0), id("d", 0));
        assert_ne!(id("c", 1), id("d", 1));
        assert_ne!(id("c", 1), id("c", 2));
        assert_eq!(id("c", 0), prints.of(Field::UserName, "u"));
        assert_eq!(prints.derived_id(&token("c"), Field::GrantToken, 0), None);
    }

    #[test]
    fn tags_hold_the_new_and_the_replaced_key_and_no_value() {
        let old = OAuthToken::builder()
            .user_name("ada")
            .access_token("old")
            .build()
            .unwrap();
        let new = OAuthToken::builder()
            .user_name("ada")
            .access_token("new")
            .build()
            .unwrap();
        let tags = fingerprints().tags(&new, Some(&old));
        let keys: Vec<_> = tags.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "zoho-token-store:user",
                "zoho-token-store:access",
                "zoho-token-store:access-before"
            ]
        );
        assert_eq!(tags[2].1, fingerprints().lookup_values(&old)[1]);
        assert!(tags.iter().all(|(_, value)| !value.contains("ada")
            && !value.contains("old")
            && !value.contains("new")));
        assert!(keys_differ(&old, &new) && !keys_differ(&old, &old));
    }
}
