//! Limits the rate of calls, because AWS refuses those above its quotas.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After a pause, the calls of this much time may be made at once.
const BURST: Duration = Duration::from_millis(100);

/// A limit for each kind of call that writes; AWS has a quota for each.
pub(crate) struct RateLimits {
    pub(crate) create: RateLimit,
    pub(crate) put: RateLimit,
    pub(crate) delete: RateLimit,
    pub(crate) restore: RateLimit,
    pub(crate) tag: RateLimit,
}

impl RateLimits {
    /// Limits each kind to this many calls a second; `None` is no limit.
    pub(crate) fn new(calls_per_second: Option<u32>) -> Self {
        let limit = || RateLimit::new(calls_per_second);
        RateLimits {
            create: limit(),
            put: limit(),
            delete: limit(),
            restore: limit(),
            tag: limit(),
        }
    }
}

/// Lets calls through at a rate, and delays those above it.
pub(crate) struct RateLimit {
    interval: Duration,
    burst: Duration,
    /// When the next call may be made if calls are spread evenly.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// Limits calls to this many a second; `None` is no limit.
    pub(crate) fn new(calls_per_second: Option<u32>) -> Self {
        let interval = calls_per_second.and_then(|calls| Duration::from_secs(1).checked_div(calls));
        let interval = interval.unwrap_or_default();
        RateLimit {
            interval,
            burst: BURST.saturating_sub(interval),
            next: Mutex::new(None),
        }
    }

    /// Waits until the next call may be made. Dropping the future uses up the call.
    pub(crate) async fn acquire(&self) {
        let pause = self.pause(Instant::now());
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
    }

    /// Reserves the next call, and returns how long to wait for it.
    fn pause(&self, now: Instant) -> Duration {
        if self.interval.is_zero() {
            return Duration::ZERO;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let even = next.map_or(now, |next| next.max(now));
        *next = Some(even + self.interval);
        even.saturating_duration_since(now)
            .saturating_sub(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_above_the_rate_wait_for_their_turn() {
        let (limit, now) = (RateLimit::new(Some(50)), Instant::now());
        let pauses: Vec<_> = (0..55).map(|_| limit.pause(now).as_millis()).collect();
        assert_eq!(pauses[..6], [0, 0, 0, 0, 0, 20]);
        assert_eq!(pauses[54], 1000, "in the second after a pause 5 more");
        let later = now + Duration::from_secs(60);
        assert_eq!(limit.pause(later), Duration::ZERO);
    }

    #[test]
    fn a_slow_rate_has_no_burst_and_none_is_no_limit() {
        let (slow, now) = (RateLimit::new(Some(1)), Instant::now());
        let pauses = [slow.pause(now), slow.pause(now)];
        assert_eq!(pauses, [Duration::ZERO, Duration::from_secs(1)]);
        let none = RateLimit::new(None);
        assert!((0..1000).all(|_| none.pause(now).is_zero()));
    }
}
