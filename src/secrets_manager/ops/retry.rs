//! Retries of writes, limited in time and with jitter.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, ErrorKind};

/// The limit for all retries of a write: longer than a forced deletion takes, but not too long for
/// the caller of `save_token`.
const AT_MOST: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The limit for retries without a pause. Each of them follows a change by another writer, so that
/// there are few; the limit only prevents an endless loop.
const TRIES_AT_ONCE: u32 = 100;

/// How long AWS may take until reads return what it has confirmed. AWS's own tests wait up to five
/// seconds.
const SETTLING_TIME: Duration = Duration::from_secs(5);

pub(crate) struct Retry {
    since: Instant,
    pause: Duration,
    tries_at_once: u32,
}

impl Retry {
    pub(crate) fn new() -> Self {
        Retry {
            since: Instant::now(),
            pause: FIRST_PAUSE,
            tries_at_once: 0,
        }
    }

    /// Allows another attempt without a pause, or returns an error if there were too many.
    pub(crate) fn again(&mut self) -> Result<(), Error> {
        self.tries_at_once += 1;
        if self.tries_at_once > TRIES_AT_ONCE || self.since.elapsed() > AT_MOST {
            return Err(Error::new(
                ErrorKind::Conflict,
                "other writers kept changing the record",
            )
            .advise("try again"));
        }
        Ok(())
    }

    /// Waits before the next attempt, or returns the error if the time is up.
    pub(crate) async fn wait(&mut self, error: Error) -> Result<(), Error> {
        if self.since.elapsed() > AT_MOST {
            return Err(error);
        }
        tracing::debug!(%error, "trying again");
        // Full jitter, so that writers that collided once do not collide again.
        tokio::time::sleep(self.pause.mul_f64(fastrand::f64())).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// Repeated reads of a secret until AWS returns its current state.
pub(crate) struct Settling {
    since: Instant,
    pause: Duration,
}

impl Settling {
    pub(crate) fn new() -> Self {
        Settling {
            since: Instant::now(),
            pause: FIRST_PAUSE,
        }
    }

    /// Whether the time has passed that AWS may take.
    pub(crate) fn is_over(&self) -> bool {
        self.since.elapsed() >= SETTLING_TIME
    }

    /// Waits before the next read, or returns the error if that time has passed.
    pub(crate) async fn wait(&mut self, error: Error) -> Result<(), Error> {
        if self.is_over() {
            return Err(error);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
