//! Spans of time in which something holds.

use std::time::{Duration, SystemTime};

use crate::secrets_manager::clock::Moment;

/// A span of time by the wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    from: SystemTime,
    until: SystemTime,
}

impl Validity {
    pub(crate) fn new(from: Moment, length: Duration) -> Self {
        // An end that a clock cannot show is none to rely on.
        Validity {
            from: from.wall,
            until: from.wall.checked_add(length).unwrap_or(from.wall),
        }
    }

    /// The time in which both hold.
    pub(crate) fn and(self, other: Validity) -> Self {
        Validity {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        }
    }

    pub(crate) fn has(self, now: Moment) -> bool {
        // Before its begin the wall clock has been set back.
        self.from <= now.wall && now.wall < self.until
    }
}
