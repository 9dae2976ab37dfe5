//! Locks by record: two tasks of one process do not write the same record at the same time.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use tokio::sync::{Mutex, MutexGuard};

/// Records that share a lock wait for each other, which only costs time. The number of locks is
/// fixed, so memory does not grow with the number of records.
const LOCKS: usize = 256;

/// The locks.
pub(crate) struct RecordLocks {
    locks: Box<[Mutex<()>]>,
}

impl RecordLocks {
    pub(crate) fn new() -> Self {
        RecordLocks {
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Waits until no other task of this process writes the record.
    pub(crate) async fn lock(&self, id: &str) -> MutexGuard<'_, ()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        let number = usize::try_from(hash).unwrap_or(usize::MAX);
        self.locks[number % self.locks.len()].lock().await
    }
}
