//! Draws from a random generator of the caller.

use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

/// Returns true in this percentage of cases.
pub fn happens(random: &mut Rng, percent: f64) -> bool {
    random.f64() * 100.0 < percent
}

/// Returns a random time in the range, in whole milliseconds.
pub fn duration(random: &mut Rng, range: &RangeInclusive<Duration>) -> Duration {
    let [start, end] = [range.start(), range.end()].map(|bound| bound.as_millis() as u64);
    Duration::from_millis(random.u64(start..=end.max(start)))
}
