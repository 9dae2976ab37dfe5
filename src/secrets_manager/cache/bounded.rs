//! A bounded map for what is read much more often than it is written: moka, with a bound in entries
//! and one in bytes.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;

/// Bytes are weighed in so many parts, for shares of them are rounded.
const PARTS: u64 = 4_096;

/// More than any value has: a secret has 64 kB at most. With the parts it fits moka's weights.
const MOST_BYTES: u64 = 1 << 19;

/// Values by the hash of what they belong to.
///
/// Two things may have the same hash: whoever reads a value checks that it is the one meant.
pub(crate) struct Bounded<V> {
    values: Cache<u64, V, BuildHasherDefault<AsItIs>>,
    gone: Arc<dyn Fn(u64, V) + Send + Sync>,
}

/// How much is kept at most.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl<V: Clone + Send + Sync + 'static> Bounded<V> {
    /// A map for values that are kept for so long at most, and weigh so many bytes. What is gone is
    /// said, perhaps twice, and before anything else can be seen in its place.
    pub(crate) fn new(
        bounds: Bounds,
        kept_for: Duration,
        weigh: fn(&V) -> u64,
        gone: impl Fn(u64, V) + Send + Sync + 'static,
    ) -> Self {
        let gone: Arc<dyn Fn(u64, V) + Send + Sync> = Arc::new(gone);
        let evicted = gone.clone();
        let builder = Cache::builder()
            .time_to_live(kept_for)
            // moka locks the key until this returns.
            .eviction_listener(move |key, value, _| evicted(*key, value));
        let builder = match bounds.bytes {
            u64::MAX => builder.max_capacity(bounds.entries),
            bytes => {
                // moka has one bound: so each value weighs its share of the bytes at least. Above
                // what all values together can have, more bytes are no bound.
                let bytes = bytes.min(bounds.entries.saturating_mul(MOST_BYTES));
                let bytes = bytes.saturating_mul(PARTS);
                let share = bytes.div_ceil(bounds.entries.max(1));
                let all = match share {
                    1 => bytes,
                    share => share.saturating_mul(bounds.entries),
                };
                let weight = move |value: &V| (weigh(value) * PARTS).max(share).try_into();
                builder
                    .max_capacity(all)
                    .weigher(move |_, value| weight(value).unwrap_or(u32::MAX))
            }
        };
        Bounded {
            values: builder.build_with_hasher(BuildHasherDefault::default()),
            gone,
        }
    }

    pub(crate) fn get(&self, key: u64) -> Option<V> {
        self.values.get(&key)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> u64 {
        self.values.run_pending_tasks();
        self.values.entry_count()
    }

    /// Does with the value what the function says, while nobody else changes it. What is replaced or
    /// removed is dropped at once, not at moka's next upkeep: it may be a token, which is wiped then.
    pub(crate) fn change(&self, key: u64, operation: impl FnOnce(Option<V>) -> Op<V>) {
        let entry = self.values.entry(key);
        entry.and_compute_with(|known| {
            let known = known.map(|known| known.into_value());
            let operation = operation(known.clone());
            // moka would say it only when what replaces it can be seen already.
            if let (Some(known), Op::Put(_) | Op::Remove) = (known, &operation) {
                (self.gone)(key, known);
            }
            operation
        });
        self.values.run_pending_tasks();
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
mod tests {
    use std::sync::{Mutex, OnceLock};

    use super::*;

    const NO_BOUND: u64 = u64::MAX;

    fn bounded(entries: u64, bytes: u64) -> Bounded<Arc<str>> {
        let weigh = |value: &Arc<str>| value.len() as u64;
        Bounded::new(
            Bounds { entries, bytes },
            Duration::from_secs(60),
            weigh,
            |_, _| (),
        )
    }

    fn put(map: &Bounded<Arc<str>>, key: u64, value: &str) {
        map.change(key, |_| Op::Put(value.into()));
    }

    fn kept(map: &Bounded<Arc<str>>) -> Vec<usize> {
        map.values.iter().map(|(_, value)| value.len()).collect()
    }

    #[test]
    fn both_bounds_hold() {
        for (entries, bytes) in [(3, NO_BOUND), (3, 1_000), (NO_BOUND, 30), (100, 30)] {
            let map = bounded(entries, bytes);
            for key in 1..=20 {
                put(&map, key, "ten bytes.");
            }
            assert_eq!(kept(&map).len(), 3, "{entries} entries, {bytes} bytes");
        }
    }

    #[test]
    fn the_bound_in_entries_holds_however_many_bytes_are_allowed() {
        for bytes in [1 << 30, 1 << 40, NO_BOUND - 1] {
            let map = bounded(3, bytes);
            (1..=20).for_each(|key| put(&map, key, "ten bytes."));
            assert_eq!(kept(&map).len(), 3, "{bytes} bytes");
        }
    }

    #[test]
    fn what_is_larger_than_the_bound_is_not_kept() {
        let map = bounded(NO_BOUND, 10);
        put(&map, 1, "eleven byte");
        assert!(kept(&map).is_empty());
        put(&map, 1, "ten bytes.");
        assert_eq!(kept(&map), [10]);
        put(&map, 1, "eleven byte");
        assert!(kept(&map).is_empty(), "nor is the value before it kept");
    }

    #[test]
    fn what_is_taken_out_is_dropped_at_once() {
        let map = bounded(2, NO_BOUND);
        let value: Arc<str> = "v".into();
        for key in 1..=2 {
            map.change(key, |_| Op::Put(value.clone()));
        }
        assert_eq!(Arc::strong_count(&value), 3);
        put(&map, 2, "w");
        assert_eq!(Arc::strong_count(&value), 2, "one was replaced");
        map.change(1, |_| Op::Remove);
        assert_eq!(Arc::strong_count(&value), 1, "one was removed");
    }

    #[test]
    fn what_is_gone_is_said_before_another_value_is_seen() {
        let map: Arc<OnceLock<Bounded<Arc<str>>>> = Arc::default();
        let said = Arc::new(Mutex::new(Vec::new()));
        let gone = {
            let (map, said) = (map.clone(), said.clone());
            move |key, value: Arc<str>| {
                let seen = map.get().and_then(|map| map.get(key));
                said.lock().unwrap().push((value, seen));
            }
        };
        let bounds = Bounds {
            entries: 2,
            bytes: NO_BOUND,
        };
        let map = map.get_or_init(|| Bounded::new(bounds, Duration::from_secs(60), |_| 1, gone));
        put(map, 1, "first");
        put(map, 1, "second");
        map.change(1, |_| Op::Remove);
        let mut said = said.lock().unwrap().clone();
        said.dedup_by(|later, earlier| later.0 == earlier.0);
        assert_eq!(
            said,
            ["first", "second"].map(|value| (value.into(), Some(value.into())))
        );
    }
}
