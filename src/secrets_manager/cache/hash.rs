//! Hashes of ids and lookup keys, keyed at random for each cache.
//!
//! Because of the key, nobody can choose values whose hashes collide. A collision costs an additional
//! call. The key comes from fastrand, so that a test that seeds fastrand has the same hashes in every
//! run.

use std::hash::{BuildHasher, Hasher};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use crate::{Field, OAuthToken, matching};

pub(crate) struct KeyedHasher(SeedableRandomState);

impl KeyedHasher {
    pub(crate) fn new() -> Self {
        let shared = SharedSeed::global_fixed();
        KeyedHasher(SeedableRandomState::with_seed(fastrand::u64(..), shared))
    }

    /// Returns the hash of a record's id, or of any other text.
    pub(crate) fn of(&self, text: &str) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    /// Returns the hash of the token's lookup key in this field.
    pub(crate) fn key(&self, token: &OAuthToken, field: Field) -> u64 {
        let value = token.expose(field).unwrap_or_default();
        combined(field as u64, self.of(value))
    }

    /// Returns the hashes of all lookup keys of the token.
    pub(crate) fn keys(&self, token: &OAuthToken) -> impl Iterator<Item = u64> {
        matching::identifying_fields(token).map(|field| self.key(token, field))
    }
}

/// Combines two hashes, of which at least one is keyed. The order matters.
pub(crate) fn combined(one: u64, other: u64) -> u64 {
    (one.rotate_left(23) ^ other).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    #[test]
    fn two_caches_hash_differently_unless_the_seed_is_the_same() {
        let hash = || KeyedHasher::new().of("1");
        assert_ne!(hash(), hash());
        let seeded = || {
            fastrand::seed(7);
            hash()
        };
        assert_eq!(seeded(), seeded());
    }

    #[test]
    fn a_value_hashes_differently_in_each_field() {
        let hasher = KeyedHasher::new();
        let both = token("user_name=v access_token=v");
        let keys: Vec<u64> = hasher.keys(&both).collect();
        assert_ne!(keys[0], keys[1]);
    }
}
