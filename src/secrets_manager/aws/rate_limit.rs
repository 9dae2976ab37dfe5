//! Limits the rate of calls, because AWS refuses those above its quotas.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::failure::{Failure, Reason};
use crate::{Error, ErrorKind};

/// After a pause, the calls of this much time may be made at once.
const BURST: Duration = Duration::from_millis(100);

/// How long a call waits for its turn at most. A call that is dropped while it waits uses up its turn,
/// so a longer queue would hold up later calls for those that nobody waits for any more.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

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

    /// Waits until the next call may be made, or fails if too many calls are waiting. Dropping the
    /// future uses up the call.
    pub(crate) async fn acquire(&self) -> Result<(), Failure> {
        match self.pause(Instant::now()) {
            None => Err(too_many()),
            Some(Duration::ZERO) => Ok(()),
            Some(pause) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
        }
    }

    /// Reserves the next call, and returns how long to wait for it. If that is too long, reserves
    /// nothing and returns `None`.
    fn pause(&self, now: Instant) -> Option<Duration> {
        if self.interval.is_zero() {
            return Some(Duration::ZERO);
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let even = next.map_or(now, |next| next.max(now));
        let pause = even
            .saturating_duration_since(now)
            .saturating_sub(self.burst);
        if pause > LONGEST_WAIT {
            return None;
        }
        *next = Some(even + self.interval);
        Some(pause)
    }
}

fn too_many() -> Failure {
    let waiting = "too many writes are waiting for their turn under the store's limit of writes a \
                   second: the next one would wait for more than 30 seconds";
    Failure {
        reason: Reason::Busy,
        error: Error::new(ErrorKind::Throttled, waiting)
            .advise("try again later, and make fewer of them at once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_above_the_rate_wait_for_their_turn() {
        let (limit, now) = (RateLimit::new(Some(50)), Instant::now());
        let pause = || limit.pause(now).unwrap().as_millis();
        let pauses: Vec<_> = (0..55).map(|_| pause()).collect();
        assert_eq!(pauses[..6], [0, 0, 0, 0, 0, 20]);
        assert_eq!(pauses[54], 1000, "in the second after a pause 5 more");
        let later = now + Duration::from_secs(60);
        assert_eq!(limit.pause(later), Some(Duration::ZERO));
    }

    #[test]
    fn a_slow_rate_has_no_burst_and_none_is_no_limit() {
        let (slow, now) = (RateLimit::new(Some(1)), Instant::now());
        let pauses = [slow.pause(now), slow.pause(now)];
        assert_eq!(pauses, [0, 1].map(Duration::from_secs).map(Some));
        let none = RateLimit::new(None);
        assert!((0..10_000).all(|_| none.pause(now) == Some(Duration::ZERO)));
    }

    #[test]
    fn calls_that_would_wait_too_long_fail_and_do_not_lengthen_the_queue() {
        let (limit, now) = (RateLimit::new(Some(50)), Instant::now());
        let accepted = (0..10_000).filter(|_| limit.pause(now).is_some()).count();
        assert_eq!(accepted, 50 * 30 + 5);
        let later = now + LONGEST_WAIT;
        let pause = limit.pause(later).unwrap();
        assert!(pause < Duration::from_secs(1), "{pause:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_for_too_many_calls_says_to_try_again() {
        let limit = RateLimit::new(Some(50));
        let now = Instant::now();
        while limit.pause(now).is_some() {}
        let failure = limit.acquire().await.unwrap_err();
        assert_eq!(failure.reason, Reason::Busy);
        assert!(failure.error.is_retryable());
    }
}
