//! Writes in progress, and what happens in the cache if one is dropped.

use std::sync::Arc;

use crate::OAuthToken;
use crate::clock::Moment;
use crate::secrets_manager::cache::Cache;
use crate::secrets_manager::format::stored_record::StoredRecord;

/// A write in progress.
///
/// Until AWS has acknowledged the write, the content of the secret is unknown. If the write is dropped
/// before that, the cache removes the record. If it was a save, lookups by the new keys read the
/// record.
pub(crate) struct PendingWrite<'a> {
    cache: &'a Cache,
    id: &'a str,
    /// The record that the secret will hold; `None` for a deletion.
    record: Option<&'a OAuthToken>,
    begun: Moment,
    settled: bool,
}

impl<'a> PendingWrite<'a> {
    /// Begins to save a record.
    pub(crate) fn save(cache: &'a Cache, record: &'a OAuthToken) -> Self {
        Self::new(cache, record.id().unwrap_or_default(), Some(record))
    }

    /// Begins to delete a record.
    pub(crate) fn deletion(cache: &'a Cache, id: &'a str) -> Self {
        Self::new(cache, id, None)
    }

    fn new(cache: &'a Cache, id: &'a str, record: Option<&'a OAuthToken>) -> Self {
        PendingWrite {
            cache,
            id,
            record,
            begun: cache.now(),
            settled: false,
        }
    }

    /// Returns when the write began.
    pub(crate) fn started(&self) -> Moment {
        self.begun
    }

    /// Ends a write that has failed. It may have been executed, unless that is ruled out.
    pub(crate) fn failed(mut self, certainly: bool) {
        if certainly {
            self.record = None;
        }
    }

    /// Ends a write that AWS has acknowledged.
    pub(crate) fn acknowledged(mut self, entry: &Arc<StoredRecord>, replaced: Option<&OAuthToken>) {
        self.settled = true;
        self.cache.written(entry, replaced);
    }
}

impl Drop for PendingWrite<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.cache.forget(self.id);
        if let Some(record) = self.record {
            self.cache.perhaps_written(record);
        }
    }
}
