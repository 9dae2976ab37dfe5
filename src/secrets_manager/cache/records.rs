//! Records by hash of their id, and the decision which of two versions stays.

use std::cmp::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use moka::ops::compute::Op;
use tokio::time::Instant;

use crate::OAuthToken;
use crate::clock::Moment;
use crate::secrets_manager::cache::bounded::{Bound, Bounded};
use crate::secrets_manager::cache::generations::{Counter, Generation, Generations};
use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::version_id;

/// The shortest validity of a record whose access token has expired, so that it is not read again at
/// each lookup.
pub(super) const EXPIRED_RECHECK: Duration = Duration::from_secs(3);

/// The memory that a record takes in addition to its own size, with its answers: measured by
/// `make bench`, and rounded up.
const PLACES: u64 = 160 + 4 * 400;

/// The smallest weight of a record.
const LEAST_WEIGHT: u64 = size_of::<StoredRecord>() as u64 + PLACES;

/// Returns how many bytes a record takes, with its answers.
pub(super) fn weight(entry: &StoredRecord) -> u64 {
    entry.size() as u64 + PLACES
}

/// Returns the largest number of records that fit.
pub(super) fn most_records(bound: Bound) -> u64 {
    match bound {
        Bound::Records(records) => records,
        Bound::Bytes(bytes) => bytes / LEAST_WEIGHT,
    }
}

/// The cached records, and the generations of all records.
pub(super) struct Records {
    /// `None` if the cache is off.
    kept: Option<Bounded<Arc<Record>>>,
    /// Ended by a write of this process, and when a read shows that earlier reads are out of date.
    generations: Generations,
    /// Ended whenever the cached version is replaced or removed.
    kept_generations: Generations,
    writes: Counter,
}

/// A cached version of a record, which is emptied when it is replaced or removed.
///
/// moka drops a removed value only when no thread reads its tables any more, but tokens are to be
/// wiped at once.
pub(super) struct Record(RwLock<Option<Version>>);

/// A version of a record.
pub(super) struct Version {
    pub(super) entry: Arc<StoredRecord>,
    /// The token of the entry, here as well to save one indirection in a hit.
    pub(super) token: OAuthToken,
    pub(super) good: Validity,
    /// When AWS had responded. A call made before that may have returned an older version.
    answered: Instant,
}

impl Version {
    /// Returns a version that AWS has just returned or acknowledged.
    pub(super) fn new(entry: Arc<StoredRecord>, time_to_live: Duration, answered: Moment) -> Self {
        Version {
            token: entry.token.clone(),
            good: validity(&entry, time_to_live),
            entry,
            answered: answered.monotonic,
        }
    }
}

impl Record {
    fn new(version: Version) -> Arc<Self> {
        Arc::new(Record(RwLock::new(Some(version))))
    }

    /// Calls the function with the version, and returns its result; `None` if the version has been
    /// replaced or removed.
    pub(super) fn read<T>(&self, of: impl FnOnce(&Version) -> T) -> Option<T> {
        let version = self.0.read().unwrap_or_else(PoisonError::into_inner);
        version.as_ref().map(of)
    }

    fn empty(&self) {
        let mut version = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *version = None;
    }
}

/// Returns the validity of a version: its time to live, or until its access token expires, but at
/// least [`EXPIRED_RECHECK`].
pub(super) fn validity(entry: &StoredRecord, time_to_live: Duration) -> Validity {
    let expires_in = entry.token.expires_at().map(|expiry| {
        let left = expiry.duration_since(entry.asked.wall);
        left.unwrap_or_default().max(EXPIRED_RECHECK)
    });
    let length = expires_in.map_or(time_to_live, |left| left.min(time_to_live));
    Validity::new(entry.asked, length)
}

impl Records {
    pub(super) fn new(bound: Option<Bound>, kept_for: Duration) -> Self {
        let kept = bound.map(|bound| match bound {
            Bound::Records(records) => Bounded::of_values(records, kept_for),
            Bound::Bytes(bytes) => Bounded::of_bytes(bytes, kept_for, |record: &Arc<Record>| {
                record
                    .read(|version| weight(&version.entry))
                    .unwrap_or_default()
            }),
        });
        Records {
            kept,
            generations: Generations::new(),
            kept_generations: Generations::new(),
            writes: Counter::default(),
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.kept.is_none()
    }

    /// Calls the function with the cached version of the record with this hash, and returns its result.
    pub(super) fn read<T>(&self, hash: u64, mut of: impl FnMut(&Version) -> T) -> Option<T> {
        let kept = self.kept.as_ref()?;
        loop {
            // A version is emptied only after the next one has been stored.
            if let Some(result) = kept.get(hash)?.read(&mut of) {
                return Some(result);
            }
        }
    }

    /// Tells moka that the record with this hash is in use, so that it is not evicted.
    pub(super) fn report_use(&self, hash: u64) {
        self.kept.as_ref().map(|kept| kept.get(hash));
    }

    /// Returns the record with this hash, and the generation of its cached version.
    pub(super) fn get_with_generation(&self, hash: u64) -> Option<(Arc<Record>, Generation)> {
        // With the lock, because a change ends the generation before it stores the next version.
        let of = |record: Option<Arc<Record>>| Some((record?, self.kept_generation(hash)));
        self.kept.as_ref()?.get_locked(hash, of).flatten()
    }

    /// Returns a generation that ends when the cached version changes.
    pub(super) fn kept_generation(&self, hash: u64) -> Generation {
        self.kept_generations.of(hash)
    }

    /// Returns a generation that ends when this process writes the record.
    pub(super) fn generation(&self, hash: u64) -> Generation {
        self.generations.of(hash)
    }

    /// Returns a generation that ends when this process writes any record.
    pub(super) fn generation_of_all(&self) -> Generation {
        self.writes.generation()
    }

    /// Stores a version that was read, unless the record was written since this generation. If two
    /// reads overlap, the later version stays; if the order is unknown, neither does.
    pub(super) fn loaded(&self, hash: u64, version: Version, generation: Generation) {
        self.change(hash, |known| {
            let known = known.filter(|known| known.entry.id() == version.entry.id());
            let nothing_since = self.generation(hash) == generation;
            let asked = version.entry.asked.monotonic;
            let order = match known {
                None if !nothing_since => return Change::Nothing,
                None => Some(Ordering::Greater),
                Some(known) if nothing_since && known.answered <= asked => Some(Ordering::Greater),
                Some(known) => version_id::order(&version.entry.version, &known.entry.version),
            };
            match order {
                Some(Ordering::Greater) => Change::Keep(version),
                Some(_) => Change::Nothing,
                None => {
                    // Other reads in progress may return versions older than both.
                    self.generations.end(hash);
                    Change::Drop
                }
            }
        });
    }

    /// Removes a record that a read did not find, unless it was written since this generation.
    pub(super) fn missing(&self, hash: u64, generation: Generation) {
        self.change(hash, |_| {
            if self.generation(hash) != generation {
                return Change::Nothing;
            }
            // Another read in progress may return the record as it was before.
            self.generations.end(hash);
            Change::Drop
        });
    }

    /// Stores a version that was written.
    pub(super) fn written(&self, hash: u64, version: Version) {
        self.write(hash, |known| {
            // A read that completed before this write may have returned a later version.
            let overtaken = known.is_some_and(|known| {
                known.entry.id() == version.entry.id()
                    && known.entry.version != version.entry.version
                    && known.answered > version.entry.asked.monotonic
            });
            match overtaken {
                true => Change::Drop,
                false => Change::Keep(version),
            }
        });
    }

    /// Removes a record, and keeps reads in progress from storing it again.
    pub(super) fn forget(&self, hash: u64) {
        self.write(hash, |_| Change::Drop);
    }

    fn write(&self, hash: u64, change: impl FnOnce(Option<&Version>) -> Change) {
        let end = || {
            self.generations.end(hash);
            self.writes.end();
        };
        if self.is_off() {
            return end();
        }
        self.change(hash, |known| {
            end();
            change(known)
        });
    }

    /// Changes the cached version in one step.
    fn change(&self, hash: u64, change: impl FnOnce(Option<&Version>) -> Change) {
        let Some(kept) = &self.kept else { return };
        let mut outdated = None;
        kept.change(hash, |record| {
            let change = match &record {
                Some(record) => record.read(|known| change(Some(known))),
                None => Some(change(None)),
            };
            let operation = match change {
                Some(Change::Keep(version)) => Op::Put(Record::new(version)),
                Some(Change::Drop) => Op::Remove,
                Some(Change::Nothing) | None => return Op::Nop,
            };
            self.kept_generations.end(hash);
            outdated = record;
            operation
        });
        // Only now, so that a reader that finds it empty finds its replacement.
        if let Some(outdated) = outdated {
            outdated.empty();
        }
    }

    /// Removes a record as moka does when there are too many.
    #[cfg(test)]
    pub(super) fn evict(&self, hash: u64) {
        if let Some(kept) = &self.kept {
            kept.change(hash, |_| Op::Remove);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.kept.as_ref().map_or(0, Bounded::len)
    }
}

/// What happens to the cached version.
enum Change {
    Keep(Version),
    Drop,
    Nothing,
}
