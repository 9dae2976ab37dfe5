//! Whether anything was written here that concerns a record or a lookup key.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Field;

/// A fixed number of counters. Two things that share one cost a needless call, never a wrong
/// answer.
const COUNTERS: usize = 8_192;

/// Counts writes by what they concern.
pub(crate) struct Generations {
    counters: Box<[AtomicU64]>,
    writes: AtomicU64,
    hasher: RandomState,
}

/// A state of some counters: while it is the same, nothing that it stands for was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Generation(u64);

impl Generation {
    /// The generation of two things together.
    pub(crate) fn and(self, other: Generation) -> Generation {
        // Counters only ever grow, so the sum is the same only if both of them are.
        Generation(self.0.wrapping_add(other.0))
    }
}

impl Generations {
    pub(crate) fn new() -> Self {
        Generations {
            counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            writes: AtomicU64::new(0),
            hasher: RandomState::new(),
        }
    }

    /// The hash of a record's id, to count by; not the same in another process.
    pub(crate) fn hash(&self, id: &str) -> u64 {
        self.hash_of(id) & !1
    }

    /// The hash of a lookup key. Records and keys share no counter, for the hash of a key is odd: a
    /// read that found no record, of which there are many, ends no answer.
    pub(crate) fn hash_of_key(&self, field: Field, value: &str) -> u64 {
        mixed(field as u64, self.hash_of(value)) | 1
    }

    /// The hash of any text.
    pub(crate) fn hash_of(&self, text: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    /// The generation of what has this hash.
    pub(crate) fn of(&self, hash: u64) -> Generation {
        Generation(self.counter(hash).load(Ordering::Acquire))
    }

    /// The generation of everything there is.
    pub(crate) fn of_all(&self) -> Generation {
        Generation(self.writes.load(Ordering::Acquire))
    }

    /// Marks a write.
    pub(crate) fn written(&self, hash: u64) {
        self.overtaken(hash);
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// Marks that what was read about this before may be outdated, though nothing was written here.
    pub(crate) fn overtaken(&self, hash: u64) {
        self.counter(hash).fetch_add(1, Ordering::AcqRel);
    }

    fn counter(&self, hash: u64) -> &AtomicU64 {
        &self.counters[usize::try_from(hash).unwrap_or(usize::MAX) % COUNTERS]
    }
}

/// One hash of two. They are hashes that nobody can choose: all this has to do is to keep their
/// order.
pub(crate) fn mixed(one: u64, other: u64) -> u64 {
    (one.rotate_left(23) ^ other).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
