//! What was written lately, by whomever, as far as this process knows.
//!
//! The list that the tag index is read through "might not reflect changes from the last five
//! minutes" (AWS's documentation of ListSecrets). What is kept here fills that gap; every hit is
//! read and verified like one of the list.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::entry::Entry;

/// How long the list may lag behind, three times over.
const RECENT: Duration = Duration::from_secs(900);

/// More keys than one process can write in that time: 50 records a second are AWS's quota, with
/// four keys each.
const KEYS: usize = 200_000;

/// Ids of recent records by the hashes of their lookup keys.
pub(super) struct Recent {
    keys: Mutex<Lately<u64, Vec<Arc<str>>>>,
    written_here: Mutex<Lately<Arc<str>, ()>>,
}

impl Recent {
    pub(super) fn new() -> Self {
        Recent {
            keys: Mutex::new(Lately::new()),
            written_here: Mutex::new(Lately::new()),
        }
    }

    /// Whether the list may not show this version yet.
    pub(super) fn concerns(entry: &Entry, now: SystemTime) -> bool {
        // A version from the future only says that the clocks differ.
        let age = |created| now.duration_since(created).unwrap_or_default();
        entry.created.is_none_or(|created| age(created) < RECENT)
    }

    /// Keeps the keys of a record.
    pub(super) fn learn(&self, id: &str, keys: impl IntoIterator<Item = u64>) {
        let mut known = locked(&self.keys);
        let id: Arc<str> = id.into();
        for key in keys {
            let ids = known.note(key, Instant::now());
            if !ids.contains(&id) {
                ids.push(id.clone());
            }
        }
    }

    /// Keeps that this process wrote the record.
    pub(super) fn written_here(&self, id: &str) {
        locked(&self.written_here).note(id.into(), Instant::now());
    }

    /// The records that have, or had, one of these keys.
    pub(super) fn with_keys(&self, keys: impl IntoIterator<Item = u64>) -> Vec<String> {
        let (known, now) = (locked(&self.keys), Instant::now());
        let ids = keys.into_iter().filter_map(|key| known.get(&key, now));
        ids.flatten().map(ToString::to_string).collect()
    }

    /// The records that this process wrote, whether or not they are still there.
    pub(super) fn all_written_here(&self) -> Vec<String> {
        let (known, now) = (locked(&self.written_here), Instant::now());
        known.keys(now).map(ToString::to_string).collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A map of what was noted lately. What is too long ago goes, and so does the oldest when there is
/// too much.
struct Lately<K, V> {
    noted: HashMap<K, (Instant, V)>,
    /// Every note in the order of time. Where something was noted again, the later one counts.
    order: VecDeque<(Instant, K)>,
}

impl<K: Clone + Eq + Hash, V: Default> Lately<K, V> {
    fn new() -> Self {
        Lately {
            noted: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Notes it now, with what was noted of it before.
    fn note(&mut self, key: K, now: Instant) -> &mut V {
        let is_over = |at: &Instant| now.duration_since(*at) >= RECENT;
        while self.order.len() >= KEYS || self.order.front().is_some_and(|(at, _)| is_over(at)) {
            let Some((at, key)) = self.order.pop_front() else {
                break;
            };
            if self.noted.get(&key).is_some_and(|(last, _)| *last == at) {
                self.noted.remove(&key);
            }
        }
        self.order.push_back((now, key.clone()));
        let (at, value) = self.noted.entry(key).or_insert((now, V::default()));
        *at = now;
        value
    }

    fn get(&self, key: &K, now: Instant) -> Option<&V> {
        let (at, value) = self.noted.get(key)?;
        (now.duration_since(*at) < RECENT).then_some(value)
    }

    fn keys(&self, now: Instant) -> impl Iterator<Item = &K> {
        let lately = move |at: Instant| now.duration_since(at) < RECENT;
        let noted = self.noted.iter().filter(move |(_, (at, _))| lately(*at));
        noted.map(|(key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_again_stays_and_the_rest_goes_with_time() {
        let (mut lately, start) = (Lately::<u8, u8>::new(), Instant::now());
        *lately.note(1, start) = 7;
        lately.note(2, start);
        assert_eq!(*lately.note(1, start + RECENT / 2), 7);
        let later = start + RECENT;
        assert_eq!(lately.get(&1, later), Some(&7));
        assert_eq!(lately.get(&2, later), None, "though it is still there");
        assert_eq!(lately.keys(later).collect::<Vec<_>>(), [&1]);
        lately.note(3, later);
        assert_eq!((lately.noted.len(), lately.order.len()), (2, 2));
    }

    #[test]
    fn there_are_never_too_many() {
        let (mut lately, now) = (Lately::<usize, ()>::new(), Instant::now());
        for number in 0..KEYS + 10 {
            lately.note(number, now);
        }
        assert_eq!((lately.noted.len(), lately.order.len()), (KEYS, KEYS));
        assert!(lately.get(&9, now).is_none() && lately.get(&10, now).is_some());
    }
}
