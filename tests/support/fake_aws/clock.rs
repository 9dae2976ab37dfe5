//! Test time: it advances with each request and when a test says so, never by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Clones share the time.
#[derive(Clone, Debug, Default)]
pub struct TestTime {
    micros: Arc<AtomicU64>,
}

impl TestTime {
    pub fn now(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::SeqCst))
    }

    /// Advances the time and returns the new time.
    pub fn advance(&self, by: Duration) -> Duration {
        let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        let before = self.micros.fetch_add(by, Ordering::SeqCst);
        Duration::from_micros(before.saturating_add(by))
    }
}
