//! Hashes of ids and lookup keys, keyed at random for each cache.
//!
//! Nobody outside can choose values whose hashes collide; should two collide nevertheless, it costs
//! a needless call. The key comes from fastrand, so that a test that seeds fastrand has the same
//! hashes in every run.

use crate::{Field, OAuthToken, matching};

/// Multiplies 16 bytes at a time with the state, as wyhash and foldhash do: a hit in the cache is
/// to be quick, and SipHash would be a tenth of it.
pub(crate) struct KeyedHasher([u64; 2]);

impl KeyedHasher {
    pub(crate) fn new() -> Self {
        KeyedHasher([fastrand::u64(..), fastrand::u64(..)])
    }

    /// The hash of a record's id, or of any other text.
    pub(crate) fn of(&self, text: &str) -> u64 {
        let KeyedHasher([first, second]) = *self;
        let bytes = text.as_bytes();
        let add =
            |state, chunk: &[u8; 16]| folded_product(low(chunk) ^ state, high(chunk) ^ second);
        let (chunks, rest) = bytes.as_chunks::<16>();
        let state = chunks.iter().fold(first, add);
        // The last bytes, once more if there are no 16 of them left.
        let state = match bytes.last_chunk::<16>() {
            Some(last) => add(state, last),
            None => {
                let mut last = [0; 16];
                last[..rest.len()].copy_from_slice(rest);
                add(state, &last)
            }
        };
        // The length last: before, a byte of the text could make up for it.
        folded_product(state ^ second, first ^ bytes.len() as u64)
    }

    /// The hash of the token's lookup key in this field.
    pub(crate) fn key(&self, token: &OAuthToken, field: Field) -> u64 {
        let value = token.expose(field).unwrap_or_default();
        combined(field as u64, self.of(value))
    }

    /// The hashes of all of its lookup keys.
    pub(crate) fn keys(&self, token: &OAuthToken) -> impl Iterator<Item = u64> {
        matching::identifying_fields(token).map(|field| self.key(token, field))
    }
}

fn low(chunk: &[u8; 16]) -> u64 {
    u128::from_le_bytes(*chunk) as u64
}

fn high(chunk: &[u8; 16]) -> u64 {
    (u128::from_le_bytes(*chunk) >> 64) as u64
}

fn folded_product(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// One hash of two, of which one at least is keyed. The order matters.
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
    fn every_byte_and_the_length_count() {
        let hasher = KeyedHasher::new();
        let mut hashes = std::collections::HashSet::new();
        for length in 0..70 {
            let text = "x".repeat(length);
            assert!(hashes.insert(hasher.of(&text)), "{length}");
            assert_eq!(hasher.of(&text), hasher.of(&text.clone()));
            for place in 0..length {
                let mut changed = text.clone();
                changed.replace_range(place..=place, "y");
                assert!(hashes.insert(hasher.of(&changed)), "{place} of {length}");
            }
        }
        assert!(hashes.insert(hasher.of("\0")) && hashes.insert(hasher.of("\0\0")));
    }

    #[test]
    fn hashes_spread_over_the_upper_and_the_lower_bits() {
        const PLACES: u64 = 64;
        let hasher = KeyedHasher::new();
        for shift in [0, 32] {
            let mut counts = [0; PLACES as usize];
            for number in 0..64_000 {
                let hash = hasher.of(&format!("1000.{number:032x}.{number:032x}"));
                counts[((hash >> shift) % PLACES) as usize] += 1;
            }
            assert!(
                counts.iter().all(|count| (800..1_200).contains(count)),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn a_value_hashes_differently_in_each_field() {
        let hasher = KeyedHasher::new();
        let both = token("user_name=v access_token=v");
        let keys: Vec<u64> = hasher.keys(&both).collect();
        assert_ne!(keys[0], keys[1]);
    }
}
