//! Counters that tell whether something has happened since they were last read.

use std::sync::atomic::{AtomicU64, Ordering};

/// Two things that share a counter cost a needless call, never a wrong result.
const COUNTERS: usize = 4_096;

/// Counters by hash, a fixed number of them.
pub(crate) struct Generations(Box<[Counter]>);

/// One counter.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

/// What one or several counters showed. If they show the same later, nothing has happened.
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
        Generations((0..COUNTERS).map(|_| Counter::default()).collect())
    }

    /// The current generation of what has this hash.
    pub(crate) fn of(&self, hash: u64) -> Generation {
        self.counter(hash).generation()
    }

    /// Ends the current generation of what has this hash.
    pub(crate) fn end(&self, hash: u64) {
        self.counter(hash).end();
    }

    fn counter(&self, hash: u64) -> &Counter {
        // The upper bits: the hashes of one value in two fields differ in these alone.
        &self.0[(hash >> 32) as usize % self.0.len()]
    }
}

impl Counter {
    /// The current generation.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.0.load(Ordering::Acquire))
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
