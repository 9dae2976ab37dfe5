//! Recently written records and their lookup keys, as far as this process knows.
//!
//! The list of secrets, which the tag index is read from, "might not reflect changes from the last
//! five minutes" (AWS's documentation of ListSecrets). This module fills the gap. A record found here
//! is read and verified like an entry of the list; if it does not have the key, it is no longer found
//! by that key.

use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use crate::secrets_manager::format::stored_record::StoredRecord;

/// Three times as long as lists may be out of date.
const RECENT: Duration = Duration::from_secs(900);

/// More keys than one process can write in that time: AWS's quota is 50 records a second, each with
/// four keys.
const KEYS: u64 = 200_000;

pub(crate) struct RecentWrites {
    /// Records by hash of a lookup key.
    records: Cache<u64, Arc<[Learned]>>,
    /// The hashes of the keys by which a record is found.
    keys: Cache<Arc<str>, Arc<[u64]>>,
    written_here: Cache<Arc<str>, Instant>,
}

/// That a record has a key, or may have.
#[derive(Clone)]
struct Learned {
    id: Arc<str>,
    at: Instant,
}

impl RecentWrites {
    pub(crate) fn new() -> Self {
        RecentWrites {
            records: map(),
            keys: map(),
            written_here: map(),
        }
    }

    /// Whether AWS may not list this version yet.
    pub(crate) fn concerns(entry: &StoredRecord, now: SystemTime) -> bool {
        // A version from the future means that the clocks differ.
        let age = |created| now.duration_since(created).unwrap_or_default();
        entry.created.is_none_or(|created| age(created) < RECENT)
    }

    /// Remembers that the record has these keys, or may have them.
    pub(crate) fn learn(&self, id: &str, keys: impl Iterator<Item = u64>, now: Instant) {
        let (id, keys): (Arc<str>, Vec<u64>) = (id.into(), keys.collect());
        for &key in &keys {
            let id = id.clone();
            self.records.entry(key).and_upsert_with(|known| {
                let known = known.map(|known| known.into_value()).unwrap_or_default();
                let others = known.iter().filter(|other| other.id != id).cloned();
                others
                    .chain([Learned {
                        id: id.clone(),
                        at: now,
                    }])
                    .collect()
            });
        }
        self.keys.entry(id).and_upsert_with(|known| {
            let known = known.map(|known| known.into_value()).unwrap_or_default();
            let others = known.iter().filter(|other| !keys.contains(other));
            others.chain(&keys).copied().collect()
        });
    }

    /// Forgets all other keys of the record, unless they were learned after the read that returned
    /// these.
    pub(crate) fn unlearn(&self, id: &str, keys: impl Iterator<Item = u64>, asked: Instant) {
        let Some(known) = self.keys.get(id) else {
            return;
        };
        let keys: Vec<u64> = keys.collect();
        let dropped = |key: &&u64| !keys.contains(key) && self.drop_key(id, **key, asked);
        let dropped: Vec<u64> = known.iter().filter(dropped).copied().collect();
        if dropped.is_empty() {
            return;
        }
        self.keys.entry(id.into()).and_upsert_with(|known| {
            let known = known.map(|known| known.into_value()).unwrap_or_default();
            let left = known.iter().filter(|key| !dropped.contains(key));
            left.copied().collect()
        });
    }

    /// Whether the record is no longer found by this key.
    fn drop_key(&self, id: &str, key: u64, asked: Instant) -> bool {
        let mut dropped = true;
        self.records.entry(key).and_compute_with(|known| {
            let Some(known) = known.map(|known| known.into_value()) else {
                return Op::Nop;
            };
            let stays = |learned: &&Learned| *learned.id != *id || learned.at >= asked;
            let left: Arc<[Learned]> = known.iter().filter(stays).cloned().collect();
            dropped = left.iter().all(|learned| *learned.id != *id);
            match left.len() {
                0 => Op::Remove,
                number if number == known.len() => Op::Nop,
                _ => Op::Put(left),
            }
        });
        dropped
    }

    /// Remembers that this process wrote the record.
    pub(crate) fn written_here(&self, id: &str, now: Instant) {
        self.written_here.insert(id.into(), now);
    }

    /// Returns the ids of the records that have, or may have, one of these keys.
    pub(crate) fn with_keys(&self, keys: impl Iterator<Item = u64>, now: Instant) -> Vec<String> {
        let known = keys.filter_map(|key| self.records.get(&key));
        let recent = |learned: &&Learned| now.duration_since(learned.at) < RECENT;
        let ids = |known: Arc<[Learned]>| -> Vec<String> {
            let recent = known.iter().filter(recent);
            recent.map(|learned| learned.id.to_string()).collect()
        };
        known.flat_map(ids).collect()
    }

    /// Returns the ids of the records that this process wrote, in order, whether or not the records
    /// still exist.
    pub(crate) fn all_written_here(&self, now: Instant) -> Vec<String> {
        let all = self.written_here.iter();
        let recent = all.filter(|(_, at)| now.duration_since(*at) < RECENT);
        let mut ids: Vec<String> = recent.map(|(id, _)| id.to_string()).collect();
        ids.sort_unstable();
        ids
    }
}

/// Returns a map that evicts the oldest entries. moka's default policy keeps those that are read often.
fn map<K, V>() -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    // moka's clock cannot be set, so the time is checked when something is found, too.
    Cache::builder()
        .max_capacity(KEYS)
        .eviction_policy(EvictionPolicy::lru())
        .time_to_live(RECENT)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn found(recent: &RecentWrites, key: u64, now: Instant) -> Vec<String> {
        recent.with_keys([key].into_iter(), now)
    }

    #[test]
    fn a_record_that_was_read_is_found_by_the_keys_that_it_has() {
        let (recent, now) = (RecentWrites::new(), Instant::now());
        recent.learn("a", [1, 2].into_iter(), now);
        recent.learn("b", [1].into_iter(), now);
        recent.unlearn("a", [2, 3].into_iter(), now + SECOND);
        assert_eq!(found(&recent, 1, now), ["b"]);
        assert_eq!(found(&recent, 2, now), ["a"]);
        assert!(found(&recent, 3, now).is_empty(), "nobody said so");
    }

    #[test]
    fn a_key_can_be_learned_again() {
        let (recent, now) = (RecentWrites::new(), Instant::now());
        for _ in 0..2 {
            recent.learn("a", [1].into_iter(), now);
            assert_eq!(found(&recent, 1, now), ["a"]);
            recent.unlearn("a", [].into_iter(), now + SECOND);
            assert!(found(&recent, 1, now).is_empty());
        }
    }

    #[test]
    fn a_read_that_began_before_a_key_was_learned_drops_nothing() {
        let (recent, asked) = (RecentWrites::new(), Instant::now());
        recent.learn("a", [1].into_iter(), asked + SECOND);
        recent.unlearn("a", [2].into_iter(), asked);
        assert_eq!(found(&recent, 1, asked + SECOND), ["a"]);
        recent.unlearn("a", [2].into_iter(), asked + SECOND * 2);
        assert!(found(&recent, 1, asked + SECOND).is_empty());
    }

    #[test]
    fn what_is_no_longer_recent_is_not_found() {
        let (recent, now) = (RecentWrites::new(), Instant::now());
        recent.learn("a", [1].into_iter(), now);
        recent.written_here("a", now);
        for (age, found_then) in [(RECENT - SECOND, 1), (RECENT, 0)] {
            assert_eq!(found(&recent, 1, now + age).len(), found_then);
            assert_eq!(recent.all_written_here(now + age).len(), found_then);
        }
    }

    #[test]
    fn what_was_written_here_is_in_order() {
        let (recent, now) = (RecentWrites::new(), Instant::now());
        for id in ["c", "a", "b"] {
            recent.written_here(id, now);
        }
        assert_eq!(recent.all_written_here(now), ["a", "b", "c"]);
    }
}
