//! What was written lately, by whomever, as far as this process knows.
//!
//! The list that the tag index is read through "might not reflect changes from the last five
//! minutes" (AWS's documentation of ListSecrets). What is kept here fills that gap; every hit is
//! read and verified like one of the list.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::secrets_manager::format::stored_record::StoredRecord;

/// How long the list may lag behind, three times over.
const RECENT: Duration = Duration::from_secs(900);

/// More keys than one process can write in that time: 50 records a second are AWS's quota, with
/// four keys each.
const KEYS: u64 = 200_000;

/// Ids of recent records by the hashes of their lookup keys.
pub(crate) struct RecentWrites {
    keys: Cache<u64, Arc<[Arc<str>]>>,
    written_here: Cache<Arc<str>, ()>,
}

impl RecentWrites {
    pub(crate) fn new() -> Self {
        // The last ones stay: moka's own policy may refuse a newcomer in favour of what is asked
        // for often.
        RecentWrites {
            keys: Cache::builder()
                .max_capacity(KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(RECENT)
                .build(),
            written_here: Cache::builder()
                .max_capacity(KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(RECENT)
                .build(),
        }
    }

    /// Whether the list may not show this version yet.
    pub(crate) fn concerns(entry: &StoredRecord, now: SystemTime) -> bool {
        // A version from the future only says that the clocks differ.
        let age = |created| now.duration_since(created).unwrap_or_default();
        entry.created.is_none_or(|created| age(created) < RECENT)
    }

    /// Keeps the keys of a record.
    pub(crate) fn learn(&self, id: &str, keys: impl IntoIterator<Item = u64>) {
        for key in keys {
            self.keys.entry(key).and_upsert_with(|known| {
                let known = known.map(|known| known.into_value()).unwrap_or_default();
                if known.iter().any(|other| **other == *id) {
                    return known;
                }
                known.iter().cloned().chain([id.into()]).collect()
            });
        }
    }

    /// Keeps that this process wrote the record.
    pub(crate) fn written_here(&self, id: &str) {
        self.written_here.insert(id.into(), ());
    }

    /// The records that have, or had, one of these keys.
    pub(crate) fn with_keys(&self, keys: impl IntoIterator<Item = u64>) -> Vec<String> {
        let ids = keys.into_iter().filter_map(|key| self.keys.get(&key));
        ids.flat_map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>())
            .collect()
    }

    /// The records that this process wrote, whether or not they are still there.
    pub(crate) fn all_written_here(&self) -> Vec<String> {
        self.written_here
            .iter()
            .map(|(id, ())| id.to_string())
            .collect()
    }
}
