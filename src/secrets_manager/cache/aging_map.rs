//! A bounded map that knows the age of its entries: the oldest one is the first to go.
//!
//! An entry takes its own size and 15 bytes. Whoever shares a map puts it behind a mutex.

use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

/// The number of an entry, as long as it is in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(u32);

impl Number {
    pub(super) const MIN: Number = Number(0);
    pub(super) const MAX: Number = Number(u32::MAX);
}

pub(super) struct AgingMap<K, V> {
    slots: Vec<Slot<K, V>>,
    numbers: HashTable<Number>,
    hasher: RandomState,
    bound: usize,
    oldest: Option<Number>,
    youngest: Option<Number>,
    /// The first of the empty slots, each of which names the next one as its younger neighbour.
    empty: Option<Number>,
}

/// A place for an entry, which is in a list from the oldest to the youngest one.
struct Slot<K, V> {
    entry: Option<(K, V)>,
    older: Link,
    younger: Link,
}

/// A number or none, in four bytes.
#[derive(Clone, Copy)]
struct Link(u32);

impl From<Option<Number>> for Link {
    fn from(number: Option<Number>) -> Self {
        Link(number.map_or(u32::MAX, |number| number.0))
    }
}

impl From<Link> for Option<Number> {
    fn from(link: Link) -> Self {
        (link.0 != u32::MAX).then_some(Number(link.0))
    }
}

impl<K: Hash + Eq, V> AgingMap<K, V> {
    /// Returns a map of at most this many entries.
    pub(super) fn new(bound: u32) -> Self {
        AgingMap {
            slots: Vec::new(),
            numbers: HashTable::new(),
            hasher: RandomState::new(),
            bound: bound as usize,
            oldest: None,
            youngest: None,
            empty: None,
        }
    }

    /// Whether another key takes the place of the oldest one.
    pub(super) fn is_full(&self) -> bool {
        self.numbers.len() >= self.bound
    }

    /// Returns the number of this key's entry.
    pub(super) fn number_of(&self, key: &K) -> Option<Number> {
        let is_it = |number: &Number| self.at(*number).is_some_and(|(known, _)| known == key);
        let hash = self.hasher.hash_one(key);
        self.numbers.find(hash, is_it).copied()
    }

    /// Returns the value of this key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let (_, value) = self.at(self.number_of(key)?)?;
        Some(value)
    }

    /// Returns the entry with this number.
    pub(super) fn at(&self, number: Number) -> Option<&(K, V)> {
        self.slots.get(number.0 as usize)?.entry.as_ref()
    }

    /// Returns the number of the oldest entry.
    pub(super) fn oldest(&self) -> Option<Number> {
        self.oldest
    }

    /// Returns all entries, from the oldest to the youngest one.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        let mut next = self.oldest;
        std::iter::from_fn(move || {
            let slot = &self.slots[next?.0 as usize];
            next = slot.younger.into();
            slot.entry.as_ref()
        })
    }

    /// Puts the value of a key as the youngest entry, and returns its number. If it is one too many,
    /// the oldest entry goes.
    pub(super) fn put(&mut self, key: K, value: V) -> Number {
        if let Some(known) = self.number_of(&key) {
            self.unlink(known);
            self.slots[known.0 as usize].entry = Some((key, value));
            self.append(known);
            return known;
        }
        if self.is_full()
            && let Some(oldest) = self.oldest
        {
            self.remove(oldest);
        }
        let number = self.empty.unwrap_or_else(|| {
            self.slots.push(Slot {
                entry: None,
                older: None.into(),
                younger: None.into(),
            });
            // Not cut off: there are never more slots than the bound.
            Number((self.slots.len() - 1) as u32)
        });
        let slot = &mut self.slots[number.0 as usize];
        self.empty = slot.younger.into();
        let hash = self.hasher.hash_one(&key);
        slot.entry = Some((key, value));
        self.append(number);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.numbers
            .insert_unique(hash, number, |number| hash_of(slots, hasher, *number));
        number
    }

    /// Replaces a value, without making the entry younger.
    pub(super) fn replace(&mut self, number: Number, value: V) {
        if let Some((_, known)) = &mut self.slots[number.0 as usize].entry {
            *known = value;
        }
    }

    /// Removes the entry with this number.
    pub(super) fn remove(&mut self, number: Number) -> Option<(K, V)> {
        let hash = hash_of(&self.slots, &self.hasher, number);
        if let Ok(entry) = self.numbers.find_entry(hash, |known| *known == number) {
            entry.remove();
            self.unlink(number);
        }
        let slot = &mut self.slots[number.0 as usize];
        let removed = slot.entry.take()?;
        slot.younger = self.empty.into();
        self.empty = Some(number);
        Some(removed)
    }

    /// Takes an entry out of the list.
    fn unlink(&mut self, number: Number) {
        let Slot { older, younger, .. } = self.slots[number.0 as usize];
        match older.into() {
            Some(Number(older)) => self.slots[older as usize].younger = younger,
            None => self.oldest = younger.into(),
        }
        match younger.into() {
            Some(Number(younger)) => self.slots[younger as usize].older = older,
            None => self.youngest = older.into(),
        }
    }

    /// Adds an entry to the young end of the list.
    fn append(&mut self, number: Number) {
        let before = self.youngest.replace(number);
        match before {
            Some(before) => self.slots[before.0 as usize].younger = Some(number).into(),
            None => self.oldest = Some(number),
        }
        let slot = &mut self.slots[number.0 as usize];
        (slot.older, slot.younger) = (before.into(), None.into());
    }
}

fn hash_of<K: Hash, V>(slots: &[Slot<K, V>], hasher: &RandomState, number: Number) -> u64 {
    let key = slots[number.0 as usize].entry.as_ref().map(|(key, _)| key);
    key.map_or(0, |key| hasher.hash_one(key))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn keys(map: &AgingMap<u32, u32>) -> Vec<u32> {
        map.iter().map(|(key, _)| *key).collect()
    }

    fn remove(map: &mut AgingMap<u32, u32>, key: u32) -> Option<(u32, u32)> {
        let number = map.number_of(&key)?;
        map.remove(number)
    }

    #[test]
    fn the_oldest_entry_goes_if_there_are_too_many() {
        let mut map = AgingMap::new(3);
        for key in 1..=3 {
            map.put(key, key * 10);
        }
        assert!(map.is_full());
        map.put(4, 40);
        assert_eq!(keys(&map), [2, 3, 4]);
        assert_eq!((map.get(&1), map.get(&4)), (None, Some(&40)));
    }

    #[test]
    fn an_entry_that_is_put_again_is_the_youngest_and_one_that_is_replaced_is_not() {
        let mut map = AgingMap::new(3);
        for key in [1, 2, 3, 1] {
            map.put(key, key * 10);
        }
        let second = map.number_of(&2).unwrap();
        map.replace(second, 21);
        assert_eq!(keys(&map), [2, 3, 1]);
        assert_eq!(map.get(&2), Some(&21));
        map.put(4, 40);
        assert_eq!(keys(&map), [3, 1, 4]);
    }

    #[test]
    fn a_removed_entry_makes_room_for_another_one() {
        let mut map = AgingMap::new(3);
        for key in 1..=3 {
            map.put(key, key * 10);
        }
        for (key, left) in [(2, vec![1, 3]), (1, vec![3]), (3, vec![])] {
            assert_eq!(remove(&mut map, key), Some((key, key * 10)));
            assert_eq!(remove(&mut map, key), None);
            assert_eq!(keys(&map), left);
        }
        assert_eq!(map.oldest(), None);
        for key in 4..=6 {
            map.put(key, key);
        }
        assert_eq!(keys(&map), [4, 5, 6]);
        assert_eq!(map.slots.len(), 3, "the places are used again");
    }

    #[test]
    fn it_holds_what_a_simple_map_with_a_list_holds() {
        let (mut map, mut simple, mut order) = (AgingMap::new(50), HashMap::new(), Vec::new());
        fastrand::seed(7);
        for step in 0..20_000 {
            let key = fastrand::u32(..100);
            order.retain(|other| *other != key);
            if fastrand::u8(..4) == 0 {
                assert_eq!(remove(&mut map, key), simple.remove_entry(&key));
                continue;
            }
            map.put(key, step);
            simple.insert(key, step);
            order.push(key);
            if order.len() > 50 {
                simple.remove(&order.remove(0));
            }
            assert_eq!(keys(&map), order);
            assert_eq!(map.oldest(), map.number_of(&order[0]));
            assert!((0..100).all(|key| map.get(&key) == simple.get(&key)));
        }
        assert_eq!(map.slots.len(), 50);
    }
}
