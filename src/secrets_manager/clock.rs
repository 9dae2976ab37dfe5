//! The current time by both clocks, from one place, so that tests can set it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;
use tokio::time::Instant;

/// The monotonic clock, which is tokio's, and a wall clock: the system's unless another is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    wall: Option<SharedTimeSource>,
}

/// A point in time by both clocks.
///
/// Neither is enough to tell how old something is: the monotonic clock stands still while a Lambda
/// function is frozen, and the wall clock can be set back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) monotonic: Instant,
    pub(crate) wall: SystemTime,
}

impl Clock {
    pub(crate) fn now(&self) -> Moment {
        Moment {
            monotonic: Instant::now(),
            wall: match &self.wall {
                Some(source) => source.now(),
                None => SystemTime::now(),
            },
        }
    }
}

/// A clock for what happens very often.
///
/// Its monotonic time is read once in a second of the system's wall clock, and so up to a second
/// old: it only limits what a wall clock that was set back would stretch. With a wall clock that
/// was given, both are always current.
pub(crate) struct CoarseClock {
    clock: Clock,
    started: Instant,
    /// The second of the wall clock in which the monotonic clock was last read.
    read_in: AtomicU64,
    /// What it showed: nanoseconds since the start.
    elapsed: AtomicU64,
}

impl CoarseClock {
    pub(crate) fn now(&self) -> Moment {
        if self.clock.wall.is_some() {
            return self.clock.now();
        }
        let wall = SystemTime::now();
        let since_1970 = wall.duration_since(SystemTime::UNIX_EPOCH);
        let second = since_1970.unwrap_or_default().as_secs();
        if self.read_in.load(Ordering::Acquire) != second {
            let elapsed = self.started.elapsed().as_nanos();
            self.elapsed.store(elapsed as u64, Ordering::Relaxed);
            self.read_in.store(second, Ordering::Release);
        }
        let elapsed = Duration::from_nanos(self.elapsed.load(Ordering::Relaxed));
        Moment {
            monotonic: self.started + elapsed,
            wall,
        }
    }
}

impl From<Clock> for CoarseClock {
    fn from(clock: Clock) -> Self {
        CoarseClock {
            clock,
            started: Instant::now(),
            read_in: AtomicU64::new(u64::MAX),
            elapsed: AtomicU64::new(0),
        }
    }
}

impl From<SharedTimeSource> for Clock {
    fn from(wall: SharedTimeSource) -> Self {
        Clock { wall: Some(wall) }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::StaticTimeSource;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn both_clocks_can_be_set() {
        let clock = Clock::from(SharedTimeSource::new(StaticTimeSource::from_secs(7)));
        let before = clock.now();
        tokio::time::advance(Duration::from_secs(60)).await;
        let after = clock.now();
        assert_eq!(after.monotonic - before.monotonic, Duration::from_secs(60));
        assert_eq!(after.wall, SystemTime::UNIX_EPOCH + Duration::from_secs(7));
    }

    #[test]
    fn a_coarse_clock_is_less_than_a_second_behind() {
        let (clock, coarse) = (Clock::default(), CoarseClock::from(Clock::default()));
        let until = Instant::now() + Duration::from_millis(1_500);
        while Instant::now() < until {
            let (before, now, after) = (clock.now(), coarse.now(), clock.now());
            assert!(before.wall <= now.wall && now.wall <= after.wall);
            assert!(now.monotonic <= after.monotonic);
            let behind = before.monotonic.duration_since(now.monotonic);
            assert!(behind < Duration::from_millis(1_100), "{behind:?} behind");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_coarse_clock_follows_a_wall_clock_that_was_given() {
        let clock = Clock::from(SharedTimeSource::new(StaticTimeSource::from_secs(7)));
        let coarse = CoarseClock::from(clock);
        let before = coarse.now();
        tokio::time::advance(Duration::from_millis(1)).await;
        let passed = coarse.now().monotonic - before.monotonic;
        assert_eq!(passed, Duration::from_millis(1));
    }
}
