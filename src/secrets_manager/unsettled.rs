//! Writes under way, and what the cache makes of those that are dropped.

use std::sync::Arc;

use super::cache::Cache;
use super::entry::{Entry, Moment};
use crate::OAuthToken;

/// A write under way. Until AWS has said yes nobody knows what the secret holds: dropped, however
/// that comes about, it takes the record out of the cache.
pub(super) struct Unsettled<'a> {
    cache: &'a Cache,
    id: &'a str,
    begun: Moment,
    settled: bool,
}

impl<'a> Unsettled<'a> {
    pub(super) fn new(cache: &'a Cache, id: &'a str) -> Self {
        Unsettled {
            cache,
            id,
            begun: Moment::now(),
            settled: false,
        }
    }

    /// When the write was begun.
    pub(super) fn begun(&self) -> Moment {
        self.begun
    }

    /// AWS has said yes: this is what the secret holds.
    pub(super) fn settle(mut self, entry: Entry, replaced: Option<&OAuthToken>) {
        self.settled = true;
        self.cache.written(&Arc::new(entry), replaced);
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.cache.forget(self.id);
        }
    }
}
