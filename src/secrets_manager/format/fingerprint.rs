//! The tag index: fingerprints of lookup keys, and the ids and tags derived from them.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::{Error, ErrorKind, Field, OAuthToken};

/// The tag that says whose secret it is.
pub(crate) const MANAGED_BY: (&str, &str) = ("managed-by", "zoho-token-store");

/// How many tags the store sets itself: [`MANAGED_BY`] and three for every lookup key.
pub(crate) const OWN_TAGS: usize = 13;

/// Where no fingerprint key is configured: not a secret, it only keeps these digests apart from all
/// others.
const PUBLIC_KEY: &[u8] = b"zoho-token-store";

/// How many ids are derived from one value before the store gives up; more than two take hand-made
/// collisions.
pub(crate) const DERIVED_IDS: u8 = 8;

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
pub(crate) struct Fingerprints {
    /// One for every key that records may be found by: the current one, then the one before.
    keyed: Vec<Hmac<Sha256>>,
}

impl Fingerprints {
    /// Fingerprints with these keys, the current one first; with a public key if there is none.
    pub(crate) fn new(keys: &[SecretSlice<u8>]) -> Result<Self, Error> {
        let keyed = match keys {
            [] => vec![keyed(PUBLIC_KEY)?],
            keys => keys
                .iter()
                .map(|key| keyed(key.expose_secret()))
                .collect::<Result<_, _>>()?,
        };
        Ok(Fingerprints { keyed })
    }

    /// The fingerprint of one column's value.
    #[cfg(test)]
    pub(crate) fn of(&self, field: Field, value: &str) -> String {
        digest(&self.keyed[0], &[field.as_str(), value])
    }

    /// The ids that a new record may be given because of this field, in the order they are taken.
    pub(crate) fn derived_ids(
        &self,
        token: &OAuthToken,
        field: Field,
    ) -> impl Iterator<Item = String> {
        self.chains(token, field).next().into_iter().flatten()
    }

    /// The same ids, and those that were taken under the keys before: one chain for each key.
    pub(crate) fn chains(
        &self,
        token: &OAuthToken,
        field: Field,
    ) -> impl Iterator<Item = impl Iterator<Item = String>> {
        let value = token.expose(field);
        let client = token.client_id();
        self.keyed.iter().map(move |keyed| {
            let numbers = 0..value.map_or(0, |_| DERIVED_IDS);
            numbers.map(move |number| {
                let (field, value) = (field.as_str(), value.unwrap_or_default());
                match (number, client) {
                    (0, _) => digest(keyed, &[field, value]),
                    (1, Some(client)) => digest(keyed, &[field, value, client]),
                    (number, client) => {
                        let number = number.to_string();
                        digest(keyed, &[field, value, client.unwrap_or_default(), &number])
                    }
                }
            })
        })
    }

    /// The values of the index tags that a record with any of the token's keys has.
    pub(crate) fn lookup_values(&self, partial: &OAuthToken) -> Vec<String> {
        let values = self.keyed.iter().flat_map(|keyed| {
            tag_keys().filter_map(move |(field, _)| tag_value(keyed, partial, field))
        });
        values.collect()
    }

    /// The index tags of a record: for each key its fingerprint, and the one that processes with
    /// the fingerprint key before look it up by.
    pub(crate) fn tags(&self, record: &OAuthToken) -> Vec<(String, String)> {
        tag_keys()
            .flat_map(|(field, key)| self.tags_of(record, field, key))
            .collect()
    }

    /// The index tags that a change of a record needs: those of the keys that change, and the
    /// fingerprints that they replace.
    ///
    /// Tags change before the value does. With both fingerprints there, the record is found by its
    /// old and by its new key whichever value it holds, even if the writer stops in between; and
    /// what does not change is left to another writer who may be changing it.
    pub(crate) fn changed_tags(
        &self,
        record: &OAuthToken,
        replaced: &OAuthToken,
    ) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        for (field, key) in tag_keys() {
            if record.expose(field) != replaced.expose(field) {
                tags.extend(self.tags_of(record, field, key));
                let before = tag_value(&self.keyed[0], replaced, field);
                tags.extend(before.map(|value| (format!("{key}-before"), value)));
            }
        }
        tags
    }

    fn tags_of(&self, record: &OAuthToken, field: Field, key: &str) -> Vec<(String, String)> {
        let keys = [key.to_owned(), format!("{key}-former-key")];
        let values = self
            .keyed
            .iter()
            .map(|keyed| tag_value(keyed, record, field));
        keys.into_iter()
            .zip(values)
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>, Error> {
    if key.len() < 16 {
        let problem = format!("the fingerprint key has {} bytes", key.len());
        return Err(Error::new(ErrorKind::InvalidConfig, problem)
            .advise("use at least 16 random bytes, better 32"));
    }
    Hmac::new_from_slice(key).map_err(|cause| {
        Error::new(
            ErrorKind::InvalidConfig,
            "the fingerprint key cannot be used",
        )
        .with_source(cause)
    })
}

fn tag_value(keyed: &Hmac<Sha256>, token: &OAuthToken, field: Field) -> Option<String> {
    let fingerprint = digest(keyed, &[field.as_str(), token.expose(field)?]);
    Some(format!("{field}:{fingerprint}"))
}

/// Every part goes in with its length, so that no two lists of parts are the same bytes.
fn digest(keyed: &Hmac<Sha256>, parts: &[&str]) -> String {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let bytes = mac.finalize().into_bytes();
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

/// The field that a new record's id is derived from.
pub(crate) fn id_source(token: &OAuthToken) -> Option<Field> {
    ID_SOURCES
        .into_iter()
        .find(|&field| token.expose(field).is_some())
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
mod properties;
#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprints() -> Fingerprints {
        Fingerprints::new(&[]).unwrap()
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
        let keyed = Fingerprints::new(&[SecretSlice::from(vec![7; 32])]).unwrap();
        let all = [
            fingerprints().of(Field::UserName, "x"),
            fingerprints().of(Field::UserName, "X"),
            fingerprints().of(Field::AccessToken, "x"),
            keyed.of(Field::UserName, "x"),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|fingerprint| fingerprint.len() == 64));
        assert!(Fingerprints::new(&[SecretSlice::from(vec![7; 15])]).is_err());
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
            let mut ids = prints
                .derived_ids(&token(client), Field::UserName)
                .collect::<Vec<_>>();
            ids.swap_remove(number)
        };
        assert_eq!(id("c", 0), id("d", 0));
        assert_ne!(id("c", 1), id("d", 1));
        assert_ne!(id("c", 1), id("c", 2));
        assert_eq!(id("c", 0), prints.of(Field::UserName, "u"));
        assert_eq!(
            prints.derived_ids(&token("c"), Field::GrantToken).count(),
            0
        );
    }

    #[test]
    fn records_of_the_key_before_are_still_found_and_none_is_made() {
        let (old, new) = (
            SecretSlice::from(vec![1; 32]),
            SecretSlice::from(vec![2; 32]),
        );
        let before = Fingerprints::new(std::slice::from_ref(&old)).unwrap();
        let after = Fingerprints::new(&[new, old]).unwrap();
        let token = OAuthToken::builder()
            .user_name("u")
            .access_token("a")
            .build()
            .unwrap();
        let chains: Vec<Vec<_>> = after
            .chains(&token, Field::UserName)
            .map(Iterator::collect)
            .collect();
        assert_eq!(
            chains[0],
            after
                .derived_ids(&token, Field::UserName)
                .collect::<Vec<_>>()
        );
        assert_eq!(
            chains[1],
            before
                .derived_ids(&token, Field::UserName)
                .collect::<Vec<_>>()
        );
        let values = after.lookup_values(&token);
        assert_eq!(values.len(), 4);
        assert!(
            before
                .lookup_values(&token)
                .iter()
                .all(|value| values.contains(value))
        );
        let tags = after.tags(&token).into_iter();
        let tags: Vec<_> = tags.map(|(_, value)| value).collect();
        assert!(
            values.iter().all(|value| tags.contains(value)),
            "processes with either key find it"
        );
    }

    #[test]
    fn a_change_tags_the_new_and_the_replaced_key_and_no_other() {
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
        let keys =
            |tags: &[(String, String)]| tags.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let all = fingerprints().tags(&new);
        assert_eq!(
            keys(&all),
            ["zoho-token-store:user", "zoho-token-store:access"]
        );
        let changed = fingerprints().changed_tags(&new, &old);
        assert_eq!(
            keys(&changed),
            ["zoho-token-store:access", "zoho-token-store:access-before"]
        );
        assert_eq!(changed[0], all[1]);
        assert_eq!(changed[1].1, fingerprints().lookup_values(&old)[1]);
        let plain = |(_, value): &(String, String)| {
            ["ada", "old", "new"]
                .iter()
                .any(|plain| value.contains(plain))
        };
        assert!(!all.iter().chain(&changed).any(plain));
        assert_eq!(fingerprints().changed_tags(&old, &old), []);
    }
}
