//! Records by the hash of their id, and which of two versions stays.

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

/// A record that is stored expired is read again, but not more often than this.
pub(super) const EXPIRED_RECHECK: Duration = Duration::from_secs(3);

/// What a record takes in memory beside its own bytes, with the answers that lead to it, as measured
/// by `make bench` and rounded up.
const PLACES: u64 = 160 + 4 * 400;

/// No record takes less.
const LEAST_WEIGHT: u64 = size_of::<StoredRecord>() as u64 + PLACES;

/// How many bytes a record takes, with the answers that lead to it.
pub(super) fn weight(entry: &StoredRecord) -> u64 {
    entry.size() as u64 + PLACES
}

/// How many records there is room for at most.
pub(super) fn most_records(bound: Bound) -> u64 {
    match bound {
        Bound::Records(records) => records,
        Bound::Bytes(bytes) => bytes / LEAST_WEIGHT,
    }
}

/// The records that are kept, and what has happened to records whether kept or not.
pub(super) struct Records {
    /// None if the cache is off.
    kept: Option<Bounded<Arc<Record>>>,
    /// Ended by a write here, and where AWS has said that what it said before is outdated.
    generations: Generations,
    /// Ended whenever another version is kept, or none any more.
    kept_generations: Generations,
    writes: Counter,
}

/// A place for one version of a record, which is emptied when another one is kept or none.
///
/// moka drops what it does not keep any more only when no thread looks at its tables; but tokens are
/// wiped at once.
pub(super) struct Record(RwLock<Option<Version>>);

/// A version of a record as it is known.
pub(super) struct Version {
    pub(super) entry: Arc<StoredRecord>,
    /// The token in the entry, to be found in one step less.
    pub(super) token: OAuthToken,
    pub(super) good: Validity,
    /// When AWS had answered: a call made before that may have seen less.
    answered: Instant,
}

impl Version {
    /// A version that AWS has described just now.
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

    /// Returns what the function makes of the version, none if another one is kept or none.
    pub(super) fn read<T>(&self, of: impl FnOnce(&Version) -> T) -> Option<T> {
        let version = self.0.read().unwrap_or_else(PoisonError::into_inner);
        version.as_ref().map(of)
    }

    fn empty(&self) {
        let mut version = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *version = None;
    }
}

/// When a version is valid: for its time to live, or until its access token expires. If this has
/// expired already, or does so at once, the record is still not read again at once.
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

    /// Returns what the function makes of the version that is kept of the record with this hash.
    pub(super) fn read<T>(&self, hash: u64, mut of: impl FnMut(&Version) -> T) -> Option<T> {
        let kept = self.kept.as_ref()?;
        loop {
            // A record is emptied after another one has taken its place.
            if let Some(result) = kept.get(hash)?.read(&mut of) {
                return Some(result);
            }
        }
    }

    /// Tells moka that the record with this hash is in use, so that it keeps it.
    pub(super) fn report_use(&self, hash: u64) {
        self.kept.as_ref().map(|kept| kept.get(hash));
    }

    /// The record with this hash, and since when it has been this version.
    pub(super) fn get_with_generation(&self, hash: u64) -> Option<(Arc<Record>, Generation)> {
        // Locked: between the end of a generation and the next version the one before is still kept.
        let of = |record: Option<Arc<Record>>| Some((record?, self.kept_generation(hash)));
        self.kept.as_ref()?.get_locked(hash, of).flatten()
    }

    /// While it stays the same, so does the version that is kept.
    pub(super) fn kept_generation(&self, hash: u64) -> Generation {
        self.kept_generations.of(hash)
    }

    /// While it stays the same, nothing was written here.
    pub(super) fn generation(&self, hash: u64) -> Generation {
        self.generations.of(hash)
    }

    /// The same for all records.
    pub(super) fn generation_of_all(&self) -> Generation {
        self.writes.generation()
    }

    /// Keeps a version that was read, unless something was written since this generation. Of two
    /// reads at the same time the later version stays; if that cannot be told, neither.
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
                    // Others on their way may be older than both.
                    self.generations.end(hash);
                    Change::Drop
                }
            }
        });
    }

    /// Drops a record that a read did not find, unless something was written since this generation.
    pub(super) fn missing(&self, hash: u64, generation: Generation) {
        self.change(hash, |_| {
            if self.generation(hash) != generation {
                return Change::Nothing;
            }
            // A read that is still on its way may return the record as it was before.
            self.generations.end(hash);
            Change::Drop
        });
    }

    /// Keeps a version that was written.
    pub(super) fn written(&self, hash: u64, version: Version) {
        self.write(hash, |known| {
            // A read that was faster than this write may have seen what followed it.
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

    /// Drops a record so that no read that has begun can bring it back.
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

    /// Changes what is kept in one step.
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
        // Not before: whoever finds it empty finds what has taken its place.
        if let Some(outdated) = outdated {
            outdated.empty();
        }
    }

    /// Drops a record as moka does when there are too many.
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

/// What is to become of the version that is kept.
enum Change {
    Keep(Version),
    Drop,
    Nothing,
}
