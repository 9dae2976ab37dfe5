//! The current time by both clocks, from one place, so that tests can set it.

use std::time::SystemTime;

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
            wall: self.wall(),
        }
    }

    pub(crate) fn wall(&self) -> SystemTime {
        match &self.wall {
            Some(source) => source.now(),
            None => SystemTime::now(),
        }
    }
}

impl Moment {
    /// How long ago this was, by the clock that says longer.
    #[cfg(feature = "oauth")]
    pub(crate) fn elapsed(&self, clock: &Clock) -> std::time::Duration {
        let now = clock.now();
        let by_wall = now.wall.duration_since(self.wall).unwrap_or_default();
        by_wall.max(now.monotonic.saturating_duration_since(self.monotonic))
    }
}

impl From<SharedTimeSource> for Clock {
    fn from(wall: SharedTimeSource) -> Self {
        Clock { wall: Some(wall) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
