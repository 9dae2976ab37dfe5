//! Which records have a key, in about seven bytes for each key of a record.

use hashbrown::HashTable;

use super::packed::Key;
use crate::secrets_manager::cache::aging_map::Number;

/// The keys themselves are with the records.
pub(super) struct KeyIndex(HashTable<PackedPlace>);

/// Where a key is: a record, and which of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) record: Number,
    pub(super) number: u8,
}

/// The number of the record, which is less than 2^24, and that of the key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct PackedPlace(u32);

impl From<Place> for PackedPlace {
    fn from(place: Place) -> Self {
        PackedPlace(place.record.get() << 8 | u32::from(place.number))
    }
}

impl From<PackedPlace> for Place {
    fn from(PackedPlace(packed): PackedPlace) -> Self {
        Place {
            record: Number::new(packed >> 8),
            number: (packed & 0xff) as u8,
        }
    }
}

impl KeyIndex {
    pub(super) fn new() -> Self {
        KeyIndex(HashTable::new())
    }

    /// Adds a key, which is at this place. The function returns the keys of all places in the index.
    pub(super) fn add(&mut self, key: Key, place: Place, key_of: impl Fn(Place) -> Option<Key>) {
        let hash = |place: &PackedPlace| key_of((*place).into()).map_or(0, Key::hash);
        self.0.insert_unique(key.hash(), place.into(), hash);
    }

    /// Removes a key, which is at this place.
    pub(super) fn remove(&mut self, key: Key, place: Place) {
        let place = PackedPlace::from(place);
        if let Ok(entry) = self.0.find_entry(key.hash(), |known| *known == place) {
            entry.remove();
        }
    }

    /// Returns the places where the key may be.
    pub(super) fn places_of(&self, key: Key) -> impl Iterator<Item = Place> {
        let places = self.0.iter_hash(key.hash());
        places.map(|&place| place.into())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
