//! A bounded map that knows the age of its entries: the oldest one is the first to go.
//!
//! An entry takes its own size and 15 bytes. Whoever shares a map puts it behind a mutex.

use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

/// The number of an entry, as long as it is in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(u32);

impl Number {
    pub(super) fn new(number: u32) -> Self {
        Number(number)
    }

    /// Returns the number, which is less than the bound of the map.
    pub(super) fn get(self) -> u32 {
        self.0
    }
}

/// So many slots are allocated at once, and never moved: a copy would need twice the memory.
const CHUNK: usize = 1_024;

pub(super) struct AgingMap<K, V> {
    slots: Slots<K, V>,
    numbers: HashTable<Number>,
    hasher: RandomState,
    bound: usize,
    oldest: Option<Number>,
    youngest: Option<Number>,
    /// The first of the empty slots, each of which names the next one as its younger neighbour.
    empty: Option<Number>,
}

struct Slots<K, V>(Vec<Vec<Slot<K, V>>>);

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

impl<K, V> Slots<K, V> {
    fn slot(&self, Number(number): Number) -> &Slot<K, V> {
        let number = number as usize;
        &self.0[number / CHUNK][number % CHUNK]
    }

    fn slot_mut(&mut self, Number(number): Number) -> &mut Slot<K, V> {
        let number = number as usize;
        &mut self.0[number / CHUNK][number % CHUNK]
    }

    fn len(&self) -> usize {
        let full = self.0.len().saturating_sub(1) * CHUNK;
        full + self.0.last().map_or(0, Vec::len)
    }

    /// Adds an empty slot, and returns its number.
    fn add(&mut self) -> Number {
        let number = self.len();
        if number.is_multiple_of(CHUNK) {
            self.0.push(Vec::with_capacity(CHUNK));
        }
        self.0[number / CHUNK].push(Slot {
            entry: None,
            older: None.into(),
            younger: None.into(),
        });
        // Not cut off: there are never more slots than the bound.
        Number(number as u32)
    }
}

impl<K: Hash + Eq, V> AgingMap<K, V> {
    /// Returns a map of at most this many entries.
    pub(super) fn new(bound: u32) -> Self {
        AgingMap {
            slots: Slots(Vec::new()),
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
        self.slots.slot(number).entry.as_ref()
    }

    /// Returns the number of the oldest entry.
    pub(super) fn oldest(&self) -> Option<Number> {
        self.oldest
    }

    /// Returns all entries, from the oldest to the youngest one.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        let mut next = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.slot(next?);
            next = slot.younger.into();
            slot.entry.as_ref()
        })
    }

    /// Puts the value of a key as the youngest entry, and returns its number. If it is one too many,
    /// the oldest entry goes.
    pub(super) fn put(&mut self, key: K, value: V) -> Number {
        if let Some(known) = self.number_of(&key) {
            self.unlink(known);
            self.slots.slot_mut(known).entry = Some((key, value));
            self.append(known);
            return known;
        }
        if self.is_full()
            && let Some(oldest) = self.oldest
        {
            self.remove(oldest);
        }
        let number = self.empty.unwrap_or_else(|| self.slots.add());
        let slot = self.slots.slot_mut(number);
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
        if let Some((_, known)) = &mut self.slots.slot_mut(number).entry {
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
        let slot = self.slots.slot_mut(number);
        let removed = slot.entry.take()?;
        slot.younger = self.empty.into();
        self.empty = Some(number);
        Some(removed)
    }

    /// Takes an entry out of the list.
    fn unlink(&mut self, number: Number) {
        let &Slot { older, younger, .. } = self.slots.slot(number);
        match older.into() {
            Some(older) => self.slots.slot_mut(older).younger = younger,
            None => self.oldest = younger.into(),
        }
        match younger.into() {
            Some(younger) => self.slots.slot_mut(younger).older = older,
            None => self.youngest = older.into(),
        }
    }

    /// Adds an entry to the young end of the list.
    fn append(&mut self, number: Number) {
        let before = self.youngest.replace(number);
        match before {
            Some(before) => self.slots.slot_mut(before).younger = Some(number).into(),
            None => self.oldest = Some(number),
        }
        let slot = self.slots.slot_mut(number);
        (slot.older, slot.younger) = (before.into(), None.into());
    }
}

fn hash_of<K: Hash, V>(slots: &Slots<K, V>, hasher: &RandomState, number: Number) -> u64 {
    let key = slots.slot(number).entry.as_ref().map(|(key, _)| key);
    key.map_or(0, |key| hasher.hash_one(key))
}

#[cfg(test)]
mod tests;
