//! Generations: counters that tell whether something has happened since they were last read.

use std::sync::atomic::{AtomicU64, Ordering};

/// Keys can share a counter, which costs an additional call and never gives a wrong result.
const COUNTERS: usize = 4_096;

/// A fixed number of counters, by hash.
pub(crate) struct Generations(Box<[Counter]>);

/// One counter.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

/// The value of one or several counters. If it is the same later, nothing has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Generation(u64);

impl Generation {
    /// Returns the generation of both together.
    pub(crate) fn and(self, other: Generation) -> Generation {
        // Counters only grow, so the sum is the same only if both are.
        Generation(self.0.wrapping_add(other.0))
    }
}

impl Generations {
    pub(crate) fn new() -> Self {
        Generations((0..COUNTERS).map(|_| Counter::default()).collect())
    }

    /// Returns the current generation of the key with this hash.
    pub(crate) fn of(&self, hash: u64) -> Generation {
        self.counter(hash).generation()
    }

    /// Ends the current generation of the key with this hash.
    pub(crate) fn end(&self, hash: u64) {
        self.counter(hash).end();
    }

    fn counter(&self, hash: u64) -> &Counter {
        // The upper bits, because the hashes of one value in two fields differ only in these.
        &self.0[(hash >> 32) as usize % self.0.len()]
    }
}

impl Counter {
    /// Returns the current generation.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.0.load(Ordering::Acquire))
    }

    /// Ends the current generation.
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
