//! Virtual time: the clock of a paused tokio runtime, and the wall clocks of processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use tokio::time::Instant;

/// When every simulation begins, in seconds since the Unix epoch: 2026-01-01.
const EPOCH: u64 = 1_767_225_600;

/// The time since the beginning of a simulation.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// A clock that begins now, in a runtime whose time is paused.
    pub fn new() -> Self {
        Clock {
            began: Instant::now(),
        }
    }

    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The wall clock of a process, which may be ahead of or behind AWS's. Clones are the same one.
#[derive(Clone, Debug)]
pub struct WallClock {
    clock: Clock,
    /// In seconds; negative behind.
    ahead: Arc<AtomicI64>,
}

impl WallClock {
    pub fn new(clock: Clock, ahead: i64) -> Self {
        WallClock {
            clock,
            ahead: Arc::new(AtomicI64::new(ahead)),
        }
    }

    /// Sets the clock to so many seconds ahead of AWS's.
    pub fn set(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }
}

impl TimeSource for WallClock {
    fn now(&self) -> SystemTime {
        let true_time = SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH) + self.clock.now();
        let ahead = self.ahead.load(Ordering::Relaxed);
        let difference = Duration::from_secs(ahead.unsigned_abs());
        match ahead < 0 {
            true => true_time - difference,
            false => true_time + difference,
        }
    }
}

/// AWS's wall clock at a time of the simulation.
pub fn epoch_seconds(time: Duration) -> f64 {
    EPOCH as f64 + time.as_secs_f64()
}

/// The same in milliseconds, as a token's expiry has it.
pub fn epoch_millis(time: Duration) -> u64 {
    EPOCH * 1_000 + time.as_millis() as u64
}
