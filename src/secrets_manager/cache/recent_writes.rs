//! Recently written records and their lookup keys, as far as this process knows.
//!
//! The list of secrets, which the tag index is read from, "might not reflect changes from the last
//! five minutes" (AWS's documentation of ListSecrets). This module fills the gap. A record found here
//! is read and verified like an entry of the list; if it does not have the key, it is no longer found
//! by that key.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LinkedHashMap;
use tokio::time::Instant;

use crate::secrets_manager::format::stored_record::StoredRecord;

/// Three times as long as lists may be out of date.
const RECENT: Duration = Duration::from_secs(900);

/// More than one process can write while a list is out of date: AWS's quotas are 50 new records and
/// 50 new versions a second, which makes 30,000 in five minutes.
const RECORDS: usize = 50_000;

/// About 400 bytes a record. The lock is held for the time of one change, and by no hit in the cache.
pub(crate) struct RecentWrites(Mutex<Records>);

#[derive(Default)]
struct Records {
    /// From the record that this process learned of first to the last one.
    by_id: LinkedHashMap<Arc<str>, Recent>,
    /// The hash of each key of each record, with the id of the record.
    by_key: BTreeSet<(u64, Arc<str>)>,
}

/// What is known of one record.
#[derive(Default)]
struct Recent {
    /// When this process wrote it.
    written_here: Option<Instant>,
    /// The hashes of the keys that it has, or may have, and when each was learned.
    keys: Box<[(u64, Instant)]>,
}

impl RecentWrites {
    pub(crate) fn new() -> Self {
        RecentWrites(Mutex::default())
    }

    /// Whether AWS may not list this version yet.
    pub(crate) fn concerns(entry: &StoredRecord, now: SystemTime) -> bool {
        // A version from the future means that the clocks differ.
        let age = |created| now.duration_since(created).unwrap_or_default();
        entry.created.is_none_or(|created| age(created) < RECENT)
    }

    /// Remembers that the record has these keys, or may have them.
    pub(crate) fn learn(&self, id: &str, keys: impl Iterator<Item = u64>, now: Instant) {
        let keys: Vec<u64> = keys.collect();
        self.lock().renew(id, now, |recent| {
            let known = recent.keys.iter().copied();
            let others = known.filter(|(key, _)| !keys.contains(key));
            recent.keys = others.chain(keys.iter().map(|&key| (key, now))).collect();
        });
    }

    /// Forgets all other keys of the record, unless they were learned after the read that returned
    /// these.
    pub(crate) fn unlearn(&self, id: &str, keys: impl Iterator<Item = u64>, asked: Instant) {
        let keys: Vec<u64> = keys.collect();
        self.lock()
            .keep(id, |key, learned| keys.contains(&key) || learned >= asked);
    }

    /// Remembers that this process wrote the record.
    pub(crate) fn written_here(&self, id: &str, now: Instant) {
        self.lock()
            .renew(id, now, |recent| recent.written_here = Some(now));
    }

    /// Returns the ids of the records that have, or may have, one of these keys.
    pub(crate) fn with_keys(&self, keys: impl Iterator<Item = u64>, now: Instant) -> Vec<String> {
        let records = self.lock();
        let ids = keys.flat_map(|key| records.with_key(key, now));
        ids.map(|id| id.to_string()).collect()
    }

    /// Returns the ids of the records that this process wrote, in order, whether or not the records
    /// still exist.
    pub(crate) fn all_written_here(&self, now: Instant) -> Vec<String> {
        let records = self.lock();
        let written = |recent: &Recent| recent.written_here.is_some_and(is_recent(now));
        let all = records.by_id.iter().filter(|(_, recent)| written(recent));
        let mut ids: Vec<String> = all.map(|(id, _)| id.to_string()).collect();
        drop(records);
        ids.sort_unstable();
        ids
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(now: Instant) -> impl Fn(Instant) -> bool + Copy {
    move |at| now.duration_since(at) < RECENT
}

impl Recent {
    fn is_old(&self, now: Instant) -> bool {
        let times = self.keys.iter().map(|(_, at)| *at);
        !times.chain(self.written_here).any(is_recent(now))
    }
}

impl Records {
    /// Returns the ids of the records that this key was learned of lately.
    fn with_key(&self, key: u64, now: Instant) -> impl Iterator<Item = &Arc<str>> {
        let all = self.by_key.range((key, "".into())..);
        let ids = all.take_while(move |(other, _)| *other == key);
        let is_it = move |&(known, at): &(u64, Instant)| known == key && is_recent(now)(at);
        let has_it = move |id: &Arc<str>| {
            let recent = self.by_id.get(id);
            recent.is_some_and(|recent| recent.keys.iter().any(is_it))
        };
        ids.map(|(_, id)| id).filter(move |id| has_it(id))
    }

    /// Changes what is known of a record, and makes it the last one. Forgets what is old, and the
    /// first records if there are too many.
    fn renew(&mut self, id: &str, now: Instant, change: impl FnOnce(&mut Recent)) {
        let (id, mut recent) = self
            .remove(id)
            .unwrap_or_else(|| (id.into(), Recent::default()));
        change(&mut recent);
        while let Some((first, known)) = self.by_id.front()
            && (self.by_id.len() >= RECORDS || known.is_old(now))
        {
            let first = first.clone();
            self.remove(&first);
        }
        let keys = recent.keys.iter().map(|(key, _)| (*key, id.clone()));
        self.by_key.extend(keys);
        self.by_id.insert(id, recent);
    }

    /// Forgets the keys of a record that the function is false for.
    fn keep(&mut self, id: &str, stays: impl Fn(u64, Instant) -> bool) {
        let Some(recent) = self.by_id.get_mut(id) else {
            return;
        };
        let pairs = recent.keys.iter().copied();
        let (left, dropped): (Vec<_>, Vec<_>) = pairs.partition(|&(key, at)| stays(key, at));
        if dropped.is_empty() {
            return;
        }
        let is_left = !left.is_empty() || recent.written_here.is_some();
        recent.keys = left.into();
        for (key, _) in dropped {
            self.by_key.remove(&(key, id.into()));
        }
        if !is_left {
            self.by_id.remove(id);
        }
    }

    fn remove(&mut self, id: &str) -> Option<(Arc<str>, Recent)> {
        let (id, recent) = self.by_id.remove_entry(id)?;
        for (key, _) in &recent.keys {
            self.by_key.remove(&(*key, id.clone()));
        }
        Some((id, recent))
    }
}

#[cfg(test)]
mod tests;
