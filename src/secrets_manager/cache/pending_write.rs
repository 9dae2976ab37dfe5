//! Writes under way, and what happens in the cache if one is dropped.

use std::sync::Arc;

use crate::OAuthToken;
use crate::clock::Moment;
use crate::secrets_manager::cache::Cache;
use crate::secrets_manager::format::stored_record::StoredRecord;

/// A write under way.
///
/// Until AWS has confirmed it, nobody knows what the secret holds. If it is dropped before, for
/// whatever reason, the cache forgets the record; if the record was being saved, lookups still read
/// it by its new keys.
pub(crate) struct PendingWrite<'a> {
    cache: &'a Cache,
    id: &'a str,
    /// What the secret will hold; none if that is no record.
    record: Option<&'a OAuthToken>,
    begun: Moment,
    settled: bool,
}

impl<'a> PendingWrite<'a> {
    /// A record is being saved.
    pub(crate) fn save(cache: &'a Cache, record: &'a OAuthToken) -> Self {
        Self::new(cache, record.id().unwrap_or_default(), Some(record))
    }

    /// A record is being deleted.
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

    /// When the write was begun.
    pub(crate) fn started(&self) -> Moment {
        self.begun
    }

    /// Ends a write that has failed. Unless it was certainly not executed, it may have been.
    pub(crate) fn failed(mut self, certainly: bool) {
        if certainly {
            self.record = None;
        }
    }

    /// AWS has said yes: this is what the secret holds.
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
