//! A bounded map for what is read much more often than it is written.
//!
//! A read takes no lock and, as a rule, writes nothing that another thread reads: two threads do not
//! slow each other down. Writes take turns. What is displaced is the oldest that was not read since
//! it was last looked at (the CLOCK algorithm).

use std::collections::VecDeque;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use papaya::{Guard, HashMap, LocalGuard, ResizeMode};

/// Values by the hash of what they belong to.
///
/// Two things may have the same hash: whoever reads a value checks that it is the one meant.
pub(super) struct Bounded<V> {
    slots: HashMap<u64, Slot<V>, BuildHasherDefault<AsItIs>>,
    /// How many bytes a value counts for.
    weigh: fn(&V) -> u64,
    bounds: Bounds,
    queue: Mutex<Queue>,
}

/// How much is kept at most.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

/// What becomes of a value.
pub(super) enum Change<V> {
    Nothing,
    Put(V),
    Remove,
}

struct Slot<V> {
    value: V,
    weight: u64,
    number: u64,
    /// Whether it was read since it was put, or last looked at for its place.
    read: AtomicBool,
}

/// The keys in the order in which they are to be displaced.
#[derive(Default)]
struct Queue {
    /// With the number of the slot meant: one that has gone since leaves its place behind.
    places: VecDeque<(u64, u64)>,
    next_number: u64,
    entries: u64,
    bytes: u64,
}

impl<V: Send + Sync> Bounded<V> {
    pub(super) fn new(bounds: Bounds, weigh: fn(&V) -> u64) -> Self {
        Bounded {
            slots: HashMap::builder()
                .hasher(BuildHasherDefault::default())
                // Writers take turns anyway. So nothing of a resize is left to readers.
                .resize_mode(ResizeMode::Blocking)
                .build(),
            weigh,
            bounds,
            queue: Mutex::default(),
        }
    }

    /// What the function takes of the value, if there is one; none says that it is another one's.
    pub(super) fn read<T>(&self, key: u64, take: impl FnOnce(&V) -> Option<T>) -> Option<T> {
        let guard = self.slots.guard();
        let slot = self.slots.get(&key, &guard)?;
        let taken = take(&slot.value)?;
        if !slot.read.load(Ordering::Relaxed) {
            slot.read.store(true, Ordering::Relaxed);
        }
        Some(taken)
    }

    /// Does with the value what the function says, while nobody else writes.
    pub(super) fn change(&self, key: u64, operation: impl FnOnce(Option<&V>) -> Change<V>) {
        self.write(|queue, guard| {
            let known = self.slots.get(&key, guard);
            match operation(known.map(|slot| &slot.value)) {
                Change::Nothing => {}
                Change::Put(value) => self.put(queue, guard, key, value),
                Change::Remove => self.remove(queue, guard, key),
            }
        });
    }

    /// How many values there are.
    pub(super) fn len(&self) -> u64 {
        self.write(|queue, _| queue.entries)
    }

    /// Displaces values until there are no more than so many.
    pub(super) fn shrink(&self, entries: u64) {
        self.write(|queue, guard| {
            while queue.entries > entries {
                self.displace_one(queue, guard);
            }
        });
    }

    /// Drops all values of which the function says no.
    pub(super) fn retain(&self, keep: impl Fn(&V) -> bool) {
        self.write(|queue, guard| {
            let slots = self.slots.iter(guard);
            let drop = slots.filter(|(_, slot)| !keep(&slot.value));
            for key in drop.map(|(key, _)| *key).collect::<Vec<_>>() {
                self.remove(queue, guard, key);
            }
        });
    }

    fn write<T>(&self, write: impl FnOnce(&mut Queue, &LocalGuard<'_>) -> T) -> T {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = self.slots.guard();
        let result = write(&mut queue, &guard);
        // What was taken out is wiped from memory as soon as nobody reads it any more, and not
        // together with what is taken out later.
        guard.flush();
        result
    }

    fn put(&self, queue: &mut Queue, guard: &LocalGuard<'_>, key: u64, value: V) {
        let replaced = self.slots.get(&key, guard);
        let read = replaced.is_some_and(|slot| slot.read.load(Ordering::Relaxed));
        self.remove(queue, guard, key);
        let weight = (self.weigh)(&value);
        if weight > self.bounds.bytes || self.bounds.entries == 0 {
            return;
        }
        while queue.entries + 1 > self.bounds.entries || queue.bytes + weight > self.bounds.bytes {
            self.displace_one(queue, guard);
        }
        let slot = Slot {
            value,
            weight,
            number: queue.next_number,
            read: AtomicBool::new(read),
        };
        queue.places.push_back((key, slot.number));
        queue.next_number += 1;
        queue.entries += 1;
        queue.bytes += weight;
        self.slots.insert(key, slot, guard);
    }

    fn remove(&self, queue: &mut Queue, guard: &LocalGuard<'_>, key: u64) {
        let Some(slot) = self.slots.remove(&key, guard) else {
            return;
        };
        queue.entries -= 1;
        queue.bytes -= slot.weight;
        if queue.places.len() as u64 > 2 * queue.entries + 16 {
            queue.places.retain(|(key, number)| {
                let slot = self.slots.get(key, guard);
                slot.is_some_and(|slot| slot.number == *number)
            });
        }
    }

    /// Removes the first in the queue that was not read since it was last looked at.
    fn displace_one(&self, queue: &mut Queue, guard: &LocalGuard<'_>) {
        while let Some((key, number)) = queue.places.pop_front() {
            let slot = self.slots.get(&key, guard);
            let Some(slot) = slot.filter(|slot| slot.number == number) else {
                continue;
            };
            if !slot.read.swap(false, Ordering::Relaxed) {
                return self.remove(queue, guard, key);
            }
            queue.places.push_back((key, number));
        }
    }
}

/// Takes a key that is a hash for its own hash.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only for keys that are no `u64`, of which there are none.
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests;
