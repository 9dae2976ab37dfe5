//! Hashes of ids and lookup keys, keyed at random for each cache.
//!
//! Nobody outside can choose values whose hashes collide.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::Field;

pub(crate) struct KeyedHasher(RandomState);

impl KeyedHasher {
    pub(crate) fn new() -> Self {
        KeyedHasher(RandomState::new())
    }

    /// The hash of a record's id, or of any other text.
    pub(crate) fn of(&self, text: &str) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    /// The hash of a lookup key.
    pub(crate) fn of_key(&self, field: Field, value: &str) -> u64 {
        combined(field as u64, self.of(value))
    }
}

/// One hash of two, of which one at least is keyed. The order matters.
pub(crate) fn combined(one: u64, other: u64) -> u64 {
    (one.rotate_left(23) ^ other).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
