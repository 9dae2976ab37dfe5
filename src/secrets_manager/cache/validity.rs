//! Spans of time in which something holds.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::clock::Moment;

/// A span of time by both clocks. Something is valid only as long as both say so: the monotonic
/// clock stands still in a frozen Lambda function, and the wall clock can be set back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    from: SystemTime,
    until: SystemTime,
    monotonic_until: Instant,
}

impl Validity {
    pub(crate) fn new(from: Moment, length: Duration) -> Self {
        // An end that a clock cannot show is none to rely on.
        Validity {
            from: from.wall,
            until: from.wall.checked_add(length).unwrap_or(from.wall),
            monotonic_until: from.monotonic.checked_add(length).unwrap_or(from.monotonic),
        }
    }

    /// The time in which both hold.
    pub(crate) fn and(self, other: Validity) -> Self {
        Validity {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
            monotonic_until: self.monotonic_until.min(other.monotonic_until),
        }
    }

    pub(crate) fn has(self, now: Moment) -> bool {
        // Before its begin the wall clock has been set back.
        self.from <= now.wall && now.wall < self.until && now.monotonic < self.monotonic_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn it_ends_when_either_clock_says_so() {
        let from = Clock::default().now();
        let validity = Validity::new(from, MINUTE);
        let at = |monotonic: Duration, wall: Duration| {
            validity.has(Moment {
                monotonic: from.monotonic + monotonic,
                wall: from.wall + wall,
            })
        };
        let (before, after) = (MINUTE - Duration::from_nanos(1), MINUTE);
        assert!(at(Duration::ZERO, Duration::ZERO));
        assert!(at(before, before));
        assert!(!at(before, after), "the process was frozen");
        assert!(!at(after, before), "the wall clock was set back");
    }

    #[test]
    fn it_has_no_time_before_its_begin() {
        let from = Clock::default().now();
        let earlier = Moment {
            wall: from.wall - Duration::from_secs(1),
            ..from
        };
        assert!(!Validity::new(from, MINUTE).has(earlier));
    }

    #[test]
    fn both_hold_as_long_as_the_shorter_one() {
        let from = Clock::default().now();
        let later = Moment {
            monotonic: from.monotonic + MINUTE / 2,
            wall: from.wall + MINUTE / 2,
        };
        for both in [
            Validity::new(from, MINUTE).and(Validity::new(later, MINUTE)),
            Validity::new(later, MINUTE).and(Validity::new(from, MINUTE)),
        ] {
            let end = Moment {
                monotonic: from.monotonic + MINUTE,
                wall: from.wall + MINUTE,
            };
            assert!(!both.has(from) && both.has(later) && !both.has(end));
        }
    }

    #[test]
    fn a_time_without_end_is_none() {
        let from = Clock::default().now();
        assert!(!Validity::new(from, Duration::MAX).has(from));
    }
}
