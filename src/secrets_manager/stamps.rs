//! Whether anything was written here that concerns a record or a lookup key.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A fixed number of counters. Two things that share one cost a needless call, never a wrong
/// answer.
const COUNTERS: usize = 4_096;

/// Counts writes by what they concern.
pub(super) struct Stamps {
    counters: Box<[AtomicU64]>,
    writes: AtomicU64,
    hasher: RandomState,
}

/// A state of some counters: while it is the same, nothing that it stands for was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp(u64);

impl Stamps {
    pub(super) fn new() -> Self {
        Stamps {
            counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            writes: AtomicU64::new(0),
            hasher: RandomState::new(),
        }
    }

    /// A hash to count by; not the same in another process.
    pub(super) fn hash(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    /// The stamp of all these hashes together.
    pub(super) fn of(&self, hashes: impl IntoIterator<Item = u64>) -> Stamp {
        // Counters only ever grow, so the sum is the same only if all of them are.
        let counts = hashes
            .into_iter()
            .map(|hash| self.counter(hash).load(Ordering::Acquire));
        Stamp(counts.sum())
    }

    /// The stamp of everything there is.
    pub(super) fn of_all(&self) -> Stamp {
        Stamp(self.writes.load(Ordering::Acquire))
    }

    /// Marks a write.
    pub(super) fn written(&self, hash: u64) {
        self.overtaken(hash);
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// Marks that what was read about this before may be outdated, though nothing was written here.
    pub(super) fn overtaken(&self, hash: u64) {
        self.counter(hash).fetch_add(1, Ordering::AcqRel);
    }

    fn counter(&self, hash: u64) -> &AtomicU64 {
        &self.counters[usize::try_from(hash).unwrap_or(usize::MAX) % COUNTERS]
    }
}
