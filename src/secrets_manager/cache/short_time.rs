//! Points in time in eight bytes, for what is remembered of many records.

use std::num::NonZeroU64;
use std::time::Duration;

use tokio::time::Instant;

/// The start, from which times are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start(Instant);

/// A time after the start, by the monotonic clock: the nanoseconds, and one. `None` takes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShortTime(NonZeroU64);

impl Start {
    pub(super) fn at(now: Instant) -> Self {
        Start(now)
    }

    /// Returns a time in its short form. A time before the start counts as the start, and the
    /// longest time is 584 years.
    pub(super) fn short(self, at: Instant) -> ShortTime {
        let nanoseconds = at.saturating_duration_since(self.0).as_nanos();
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        ShortTime(NonZeroU64::MIN.saturating_add(nanoseconds))
    }

    /// Returns the time that [`short`](Self::short) has shortened.
    pub(super) fn instant(self, time: ShortTime) -> Instant {
        self.0 + Duration::from_nanos(time.0.get() - 1)
    }
}

impl ShortTime {
    /// How long before the other time this is; nothing if it is later.
    pub(super) fn age(self, now: ShortTime) -> Duration {
        Duration::from_nanos(now.0.get().saturating_sub(self.0.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_same_after_it_was_shortened() {
        let now = Instant::now();
        let start = Start::at(now);
        for age in [0, 1, 900_000_000_000, u64::from(u32::MAX)] {
            let later = now + Duration::from_nanos(age);
            let short = start.short(later);
            assert_eq!(start.instant(short), later);
            let first = start.short(now);
            assert_eq!(first.age(short), Duration::from_nanos(age));
            assert_eq!(short.age(first), Duration::ZERO);
        }
        assert_eq!(size_of::<Option<ShortTime>>(), 8);
    }

    #[test]
    fn a_time_before_the_start_counts_as_the_start() {
        let now = Instant::now();
        let start = Start::at(now + Duration::from_secs(1));
        assert_eq!(start.instant(start.short(now)), start.0);
    }
}
