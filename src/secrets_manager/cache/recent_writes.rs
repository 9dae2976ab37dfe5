//! Recently written records and their lookup keys, as far as this process knows.
//!
//! The list of secrets, which the tag index is read from, "might not reflect changes from the last
//! five minutes" (AWS's documentation of ListSecrets). This module fills the gap. A record found here
//! is read and verified like an entry of the list; if it does not have the key, it is no longer found
//! by that key.

mod key_index;
mod packed;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use self::key_index::{KeyIndex, Place};
use self::packed::{Id, Key, Keys};
use crate::secrets_manager::cache::aging_map::{AgingMap, Number};
use crate::secrets_manager::cache::short_time::{ShortTime, Start};
use crate::secrets_manager::format::stored_record::StoredRecord;

/// Three times as long as lists may be out of date.
const RECENT: Duration = Duration::from_secs(900);

/// More than one process can write while a list is out of date: AWS's quotas are 50 new records and
/// 50 new versions a second, which makes 30,000 in five minutes.
const RECORDS: u32 = 50_000;

/// About 130 bytes a record. The lock is held for the time of one change, and by no hit in the cache.
pub(crate) struct RecentWrites {
    records: Mutex<Records>,
    start: Start,
}

struct Records {
    by_id: AgingMap<Id, Recent>,
    /// The keys by which a record is found.
    by_key: KeyIndex,
}

/// What is known of one record.
#[derive(Default)]
struct Recent {
    /// When this process wrote it.
    written_here: Option<ShortTime>,
    /// The keys that it has, or may have, and when they were learned.
    keys: Keys,
}

impl RecentWrites {
    /// Knows nothing yet. No time that it is told is before the start.
    pub(crate) fn new(start: Instant) -> Self {
        RecentWrites {
            records: Mutex::new(Records {
                by_id: AgingMap::new(RECORDS),
                by_key: KeyIndex::new(),
            }),
            start: Start::at(start),
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
        let (keys, now): (Vec<Key>, _) = (keys.map(Key::from).collect(), self.start.short(now));
        self.lock().renew(id, now, |recent| {
            let known = recent.keys.iter();
            let others = known.filter(|(key, _)| !keys.contains(key));
            let learned = keys.iter().map(|&key| (key, now));
            recent.keys = others.chain(learned).collect();
        });
    }

    /// Forgets all other keys of the record, unless they were learned after the read that returned
    /// these.
    pub(crate) fn unlearn(&self, id: &str, keys: impl Iterator<Item = u64>, asked: Instant) {
        let (keys, asked): (Vec<Key>, _) = (keys.map(Key::from).collect(), self.start.short(asked));
        self.lock()
            .keep(id, |key, learned| keys.contains(&key) || learned >= asked);
    }

    /// Remembers that this process wrote the record.
    pub(crate) fn written_here(&self, id: &str, now: Instant) {
        let now = self.start.short(now);
        self.lock()
            .renew(id, now, |recent| recent.written_here = Some(now));
    }

    /// Returns the ids of the records that have, or may have, one of these keys.
    pub(crate) fn with_keys(&self, keys: impl Iterator<Item = u64>, now: Instant) -> Vec<String> {
        let (records, now) = (self.lock(), self.start.short(now));
        let numbers = keys.flat_map(|key| records.with_key(Key::from(key), now));
        let ids = numbers.filter_map(|number| records.by_id.at(number));
        ids.map(|(id, _)| id.to_string()).collect()
    }

    /// Returns the ids of the records that this process wrote, in order, whether or not the records
    /// still exist.
    pub(crate) fn all_written_here(&self, now: Instant) -> Vec<String> {
        let (records, now) = (self.lock(), self.start.short(now));
        let all = records.by_id.iter();
        let written = all.filter(|(_, recent)| recent.written_here.is_some_and(is_recent(now)));
        let mut ids: Vec<String> = written.map(|(id, _)| id.to_string()).collect();
        drop(records);
        ids.sort_unstable();
        ids
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(now: ShortTime) -> impl Fn(ShortTime) -> bool + Copy {
    move |at| at.age(now) < RECENT
}

impl Records {
    /// Returns the numbers of the records that this key was learned of lately.
    fn with_key(&self, key: Key, now: ShortTime) -> Vec<Number> {
        let learned = |place: &Place| key_at(&self.by_id, *place);
        let is_it = |&(known, at): &(Key, ShortTime)| known == key && is_recent(now)(at);
        let places = self.by_key.places_of(key);
        let places = places.filter(|place| learned(place).as_ref().is_some_and(is_it));
        places.map(|place| place.record).collect()
    }

    /// Changes what is known of a record, and makes it the youngest one. Forgets what is old, and the
    /// oldest records if there are too many.
    fn renew(&mut self, id: &str, now: ShortTime, change: impl FnOnce(&mut Recent)) {
        let id = Id::from(id);
        let known = self.by_id.number_of(&id);
        let known = known.and_then(|number| self.remove(number));
        let mut recent = known.unwrap_or_default();
        change(&mut recent);
        while let Some(oldest) = self.by_id.oldest()
            && (self.by_id.is_full() || self.is_old(oldest, now))
        {
            self.remove(oldest);
        }
        let number = self.by_id.put(id, recent);
        self.add_keys(number);
    }

    /// Forgets the keys of a record that the function is false for.
    fn keep(&mut self, id: &str, stays: impl Fn(Key, ShortTime) -> bool) {
        let Some(number) = self.by_id.number_of(&Id::from(id)) else {
            return;
        };
        let Some((_, Recent { written_here, keys })) = self.by_id.at(number) else {
            return;
        };
        if keys.iter().all(|(key, at)| stays(key, at)) {
            return;
        }
        let written_here = *written_here;
        let left: Keys = keys.iter().filter(|&(key, at)| stays(key, at)).collect();
        self.remove_keys(number);
        if left.iter().next().is_none() && written_here.is_none() {
            self.by_id.remove(number);
            return;
        }
        let keys = left;
        self.by_id.replace(number, Recent { written_here, keys });
        self.add_keys(number);
    }

    fn is_old(&self, number: Number, now: ShortTime) -> bool {
        let Some((_, Recent { written_here, keys })) = self.by_id.at(number) else {
            return false;
        };
        let times = keys.iter().map(|(_, at)| at);
        !times.chain(*written_here).any(is_recent(now))
    }

    fn remove(&mut self, number: Number) -> Option<Recent> {
        self.remove_keys(number);
        let (_, recent) = self.by_id.remove(number)?;
        Some(recent)
    }

    fn add_keys(&mut self, number: Number) {
        let by_id = &self.by_id;
        for (key, place) in keys_of(by_id, number) {
            let key_of = |place| key_at(by_id, place).map(|(key, _)| key);
            self.by_key.add(key, place, key_of);
        }
    }

    fn remove_keys(&mut self, number: Number) {
        for (key, place) in keys_of(&self.by_id, number) {
            self.by_key.remove(key, place);
        }
    }
}

/// The keys of a record, with their places.
fn keys_of(
    records: &AgingMap<Id, Recent>,
    record: Number,
) -> impl Iterator<Item = (Key, Place)> + '_ {
    let recent = records.at(record).map(|(_, recent)| recent);
    let keys = recent.into_iter().flat_map(|recent| recent.keys.iter());
    let numbered = keys.zip(0_u8..);
    numbered.map(move |((key, _), number)| (key, Place { record, number }))
}

fn key_at(records: &AgingMap<Id, Recent>, place: Place) -> Option<(Key, ShortTime)> {
    let (_, recent) = records.at(place.record)?;
    recent.keys.iter().nth(place.number.into())
}

#[cfg(test)]
mod tests;
