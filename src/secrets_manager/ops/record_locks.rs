//! Locks by record: two tasks of one process do not write the same record at the same time.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// Records that share a lock wait for each other, which only costs time. The number of locks is
/// fixed, so memory does not grow with the number of records.
const LOCKS: usize = 256;

/// How long a writer waits for another one of the same process.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The locks. They save calls that compare-and-swap would refuse; it protects the records itself.
pub(crate) struct RecordLocks(Box<[Mutex<()>]>);

impl RecordLocks {
    pub(crate) fn new() -> Self {
        RecordLocks((0..LOCKS).map(|_| Mutex::new(())).collect())
    }

    /// Waits until no other task of this process writes the record.
    ///
    /// Returns `None` if that takes too long. The other task may be one that is not polled, and
    /// writers are safe without the lock.
    pub(crate) async fn lock(&self, id: &str) -> Option<MutexGuard<'_, ()>> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        let number = usize::try_from(hash).unwrap_or(usize::MAX);
        let lock = self.0[number % self.0.len()].lock();
        timeout(LONGEST_WAIT, lock).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_does_not_finish_is_not_waited_for_longer_than_some_seconds() {
        let (locks, started) = (RecordLocks::new(), Instant::now());
        let held = locks.lock("1").await;
        assert!(held.is_some());
        assert!(locks.lock("1").await.is_none());
        assert_eq!(started.elapsed(), LONGEST_WAIT);
        drop(held);
        assert!(locks.lock("1").await.is_some());
    }
}
