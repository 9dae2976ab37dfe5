//! Spans of time by the wall clock.

use std::time::{Duration, SystemTime};

/// From when until when something may be relied on, by the wall clock. Before that the clock was
/// set back: then nothing may.
#[derive(Clone, Copy)]
pub(crate) struct Validity {
    pub(crate) from: SystemTime,
    pub(crate) until: SystemTime,
}

impl Validity {
    pub(crate) fn new(from: SystemTime, length: Duration) -> Self {
        // A time that the clock cannot show is none to rely on.
        let until = from.checked_add(length).unwrap_or(from);
        Validity { from, until }
    }

    /// What both have.
    pub(crate) fn and(self, other: Validity) -> Self {
        Validity {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        }
    }

    pub(crate) fn has(self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }
}
