//! A bounded map from hashes to values: moka.

use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::{Cache, CacheBuilder};

/// The limit of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Records(u64),
    /// At most this many bytes of memory.
    Bytes(u64),
}

/// Values by hash.
///
/// Two keys can have the same hash, so callers check that a value belongs to their key.
pub(super) struct Bounded<V> {
    values: Cache<u64, V, BuildHasherDefault<AsItIs>>,
}

impl<V: Clone + Send + Sync + 'static> Bounded<V> {
    /// Returns a map of at most this many values, each kept for at most this long.
    pub(super) fn of_values(number: u64, kept_for: Duration) -> Self {
        Self::built(Cache::builder().max_capacity(number), kept_for)
    }

    /// Returns a map of values that weigh at most this many bytes together.
    pub(super) fn of_bytes(bytes: u64, kept_for: Duration, weigh: fn(&V) -> u64) -> Self {
        let weigher = move |_: &u64, value: &V| weigh(value).try_into().unwrap_or(u32::MAX);
        Self::built(
            Cache::builder().max_capacity(bytes).weigher(weigher),
            kept_for,
        )
    }

    fn built(builder: CacheBuilder<u64, V, Cache<u64, V>>, kept_for: Duration) -> Self {
        let builder = builder.time_to_live(kept_for);
        Bounded {
            values: builder.build_with_hasher(BuildHasherDefault::default()),
        }
    }

    pub(super) fn get(&self, key: u64) -> Option<V> {
        self.values.get(&key)
    }

    /// Calls the function with the value, which no other task changes meanwhile, and returns its
    /// result.
    pub(super) fn get_locked<T>(&self, key: u64, of: impl FnOnce(Option<V>) -> T) -> Option<T> {
        let mut result = None;
        self.values.entry(key).and_compute_with(|known| {
            result = Some(of(known.map(|known| known.into_value())));
            Op::Nop
        });
        result
    }

    /// Applies the operation that the function returns, in one step, and lets moka evict what exceeds
    /// the bound.
    pub(super) fn change(&self, key: u64, operation: impl FnOnce(Option<V>) -> Op<V>) {
        let entry = self.values.entry(key);
        entry.and_compute_with(|known| operation(known.map(|known| known.into_value())));
        self.values.run_pending_tasks();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.values.run_pending_tasks();
        self.values.entry_count()
    }
}

/// The hash of a key that is a hash.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only for keys other than `u64`, of which there are none.
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn of_bytes(bytes: u64) -> Bounded<Arc<str>> {
        Bounded::of_bytes(bytes, MINUTE, |value: &Arc<str>| value.len() as u64)
    }

    fn put(map: &Bounded<Arc<str>>, key: u64, value: &str) {
        map.change(key, |_| Op::Put(value.into()));
    }

    fn kept(map: &Bounded<Arc<str>>) -> Vec<usize> {
        map.values.iter().map(|(_, value)| value.len()).collect()
    }

    #[test]
    fn either_bound_holds() {
        for map in [Bounded::of_values(3, MINUTE), of_bytes(30)] {
            for key in 1..=20 {
                put(&map, key, "ten bytes.");
            }
            assert_eq!(kept(&map).len(), 3);
        }
    }

    #[test]
    fn what_is_larger_than_the_bound_is_not_kept() {
        let map = of_bytes(10);
        put(&map, 1, "eleven byte");
        assert!(kept(&map).is_empty());
        put(&map, 1, "ten bytes.");
        assert_eq!(kept(&map), [10]);
        put(&map, 1, "eleven byte");
        assert!(kept(&map).is_empty(), "nor is the value before it kept");
    }
}
