//! Fingerprints of lookup keys, and the ids derived from them.

use std::fmt::Write as _;

use hmac::{HmacReset, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use crate::{Error, ErrorKind, Field, OAuthToken};

/// The key if none is configured. It is no secret: it only separates these digests from others.
const PUBLIC_KEY: &[u8] = b"zoho-token-store";

/// How many ids are derived from one value. Two are enough unless somebody makes collisions by hand.
pub(crate) const DERIVED_IDS: u8 = 8;

/// The fields that a new record's id is derived from: the first one that the token has.
const ID_SOURCES: [Field; 4] = [
    Field::UserName,
    Field::GrantToken,
    Field::RefreshToken,
    Field::AccessToken,
];

/// The key of the fingerprints.
pub(crate) enum FingerprintKey {
    /// No key: anybody who knows a user name can compute its fingerprint.
    Public,
    Given(SecretSlice<u8>),
    /// The value of the secret with this name or ARN.
    InSecret(String),
}

/// Makes fingerprints: HMAC-SHA-256 of a field's name and value, as 64 hexadecimal digits.
pub(crate) struct Fingerprints {
    /// One for each key under which records may be found: the current one, then the previous one.
    keyed: Vec<HmacReset<Sha256>>,
}

impl Fingerprints {
    /// Returns fingerprints with these keys, the current one first; with a public key if there is
    /// none.
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

    /// The fingerprint of a value under the current key.
    #[cfg(test)]
    pub(crate) fn of(&self, field: Field, value: &str) -> String {
        digest(&self.keyed[0], &[field.as_str(), value])
    }

    /// The ids derived from the value of this field, in the order in which new records take them.
    pub(crate) fn derived_ids(
        &self,
        token: &OAuthToken,
        field: Field,
    ) -> impl Iterator<Item = String> {
        self.chains(token, field).next().into_iter().flatten()
    }

    /// The same ids, then those that were derived with the previous key: one chain for each key.
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

    /// The fingerprints of the token's value in this field: the current key first, then the
    /// previous one. Empty if the token does not have the field.
    pub(crate) fn of_field(
        &self,
        token: &OAuthToken,
        field: Field,
    ) -> impl Iterator<Item = String> {
        let value = token.expose(field);
        let keys = self.keyed.iter();
        keys.filter_map(move |keyed| Some(digest(keyed, &[field.as_str(), value?])))
    }
}

fn keyed(key: &[u8]) -> Result<HmacReset<Sha256>, Error> {
    if key.len() < 16 {
        let problem = format!("the fingerprint key has {} bytes", key.len());
        return Err(Error::new(ErrorKind::InvalidConfig, problem)
            .advise("use at least 16 random bytes, preferably 32"));
    }
    HmacReset::new_from_slice(key).map_err(|cause| {
        Error::new(
            ErrorKind::InvalidConfig,
            "the fingerprint key cannot be used",
        )
        .with_source(cause)
    })
}

/// Each part is preceded by its length, so that no two lists of parts are the same bytes.
fn digest(keyed: &HmacReset<Sha256>, parts: &[&str]) -> String {
    let mut mac = Box::new(keyed.clone());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    // In place: a state that is moved leaves the end of the last value behind, and only the one that
    // is dropped is wiped.
    let bytes = mac.finalize_reset().into_bytes();
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

/// How strong the field is from which the id of a record is derived: 0 is the strongest.
pub(crate) fn id_strength(token: &OAuthToken) -> usize {
    let mut fields = ID_SOURCES.iter();
    let position = fields.position(|&field| token.expose(field).is_some());
    position.unwrap_or(ID_SOURCES.len())
}

/// The field from which the id of a new record is derived.
pub(crate) fn id_source(token: &OAuthToken) -> Option<Field> {
    ID_SOURCES
        .into_iter()
        .find(|&field| token.expose(field).is_some())
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
    }
}
