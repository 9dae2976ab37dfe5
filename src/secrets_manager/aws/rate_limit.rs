//! So many calls a second and no more, because AWS refuses those above its quotas.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After a pause, the calls of so much time may come at once.
const BURST: Duration = Duration::from_millis(100);

/// The calls that AWS allows the fewest of, each kind with a quota of its own.
pub(crate) struct RateLimits {
    pub(crate) create: RateLimit,
    pub(crate) put: RateLimit,
    pub(crate) delete: RateLimit,
    pub(crate) restore: RateLimit,
    pub(crate) tag: RateLimit,
}

impl RateLimits {
    /// So many calls a second of each kind, for zero any number.
    pub(crate) fn new(calls_a_second: u32) -> Self {
        let pace = || RateLimit::new(calls_a_second);
        RateLimits {
            create: pace(),
            put: pace(),
            delete: pace(),
            restore: pace(),
            tag: pace(),
        }
    }
}

/// Lets calls go at a rate, and those above it wait for their turn.
pub(crate) struct RateLimit {
    interval: Duration,
    burst: Duration,
    /// When the next call would go if all came evenly.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// So many calls a second, for zero any number.
    pub(crate) fn new(calls_a_second: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(calls_a_second);
        let interval = interval.unwrap_or_default();
        RateLimit {
            interval,
            burst: BURST.saturating_sub(interval),
            next: Mutex::new(None),
        }
    }

    /// Waits until the next call may be made. A turn that is not waited for is lost.
    pub(crate) async fn acquire(&self) {
        let pause = self.pause(Instant::now());
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
    }

    /// Takes the next turn, and answers how long it is until then.
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
        let (pace, now) = (RateLimit::new(50), Instant::now());
        let pauses: Vec<_> = (0..55).map(|_| pace.pause(now).as_millis()).collect();
        assert_eq!(pauses[..6], [0, 0, 0, 0, 0, 20]);
        assert_eq!(pauses[54], 1000, "in the second after a pause 5 more");
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.pause(later), Duration::ZERO);
    }

    #[test]
    fn a_slow_rate_has_no_burst_and_none_is_no_limit() {
        let (slow, now) = (RateLimit::new(1), Instant::now());
        let pauses = [slow.pause(now), slow.pause(now)];
        assert_eq!(pauses, [Duration::ZERO, Duration::from_secs(1)]);
        let none = RateLimit::new(0);
        assert!((0..1000).all(|_| none.pause(now).is_zero()));
    }
}
