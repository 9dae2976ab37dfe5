//! Records by the hash of their id, and which of two versions stays.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;
use tokio::time::Instant;

use crate::secrets_manager::cache::bounded::{Bound, Bounded};
use crate::secrets_manager::cache::generations::{Counter, Generation, Generations};
use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::clock::Moment;
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
    kept: Option<Bounded<Record>>,
    /// Ended by a write here, and where AWS has said that what it said before is outdated.
    generations: Generations,
    /// Ended whenever another version is kept, or none any more.
    kept_generations: Generations,
    writes: Counter,
}

/// A record as it is known.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) entry: Arc<StoredRecord>,
    pub(super) good: Validity,
    /// When AWS had answered: a call made before that may have seen less.
    pub(super) answered: Instant,
}

impl Record {
    /// A record that AWS has described just now.
    pub(super) fn new(entry: Arc<StoredRecord>, time_to_live: Duration, answered: Moment) -> Self {
        Record {
            good: validity(&entry, time_to_live),
            entry,
            answered: answered.monotonic,
        }
    }
}

/// When a record is valid: for its time to live, or until its access token expires. If this has
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
            Bound::Bytes(bytes) => {
                Bounded::of_bytes(bytes, kept_for, |record: &Record| weight(&record.entry))
            }
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

    /// The record with this hash, valid or not.
    pub(super) fn get(&self, hash: u64) -> Option<Record> {
        self.kept.as_ref()?.get(hash)
    }

    /// The record with this hash, and since when it has been this version.
    pub(super) fn get_with_generation(&self, hash: u64) -> Option<(Record, Generation)> {
        // Locked: between the end of a generation and the next version the one before is still kept.
        let of = |record: Option<Record>| Some((record?, self.kept_generation(hash)));
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

    /// Keeps a record that was read, unless something was written since this generation. Of two
    /// reads at the same time the later version stays; if that cannot be told, neither.
    pub(super) fn loaded(&self, hash: u64, record: Record, generation: Generation) {
        self.change(hash, |known| {
            let known = known.filter(|known| known.entry.id() == record.entry.id());
            let nothing_since = self.generation(hash) == generation;
            let asked = record.entry.asked.monotonic;
            let order = match &known {
                None if !nothing_since => return Op::Nop,
                None => Some(Ordering::Greater),
                Some(known) if nothing_since && known.answered <= asked => Some(Ordering::Greater),
                Some(known) => version_id::order(&record.entry.version, &known.entry.version),
            };
            match order {
                Some(Ordering::Greater) => Op::Put(record),
                Some(_) => Op::Nop,
                None => {
                    // Others on their way may be older than both.
                    self.generations.end(hash);
                    Op::Remove
                }
            }
        });
    }

    /// Drops a record that a read did not find, unless something was written since this generation.
    pub(super) fn missing(&self, hash: u64, generation: Generation) {
        self.change(hash, |_| {
            if self.generation(hash) != generation {
                return Op::Nop;
            }
            // A read that is still on its way may return the record as it was before.
            self.generations.end(hash);
            Op::Remove
        });
    }

    /// Keeps a record that was written.
    pub(super) fn written(&self, hash: u64, record: Record) {
        self.write(hash, |known| {
            // A read that was faster than this write may have seen what followed it.
            let overtaken = known.is_some_and(|known| {
                known.entry.id() == record.entry.id()
                    && known.entry.version != record.entry.version
                    && known.answered > record.entry.asked.monotonic
            });
            match overtaken {
                true => Op::Remove,
                false => Op::Put(record),
            }
        });
    }

    /// Drops a record so that no read that has begun can bring it back.
    pub(super) fn forget(&self, hash: u64) {
        self.write(hash, |_| Op::Remove);
    }

    fn write(&self, hash: u64, operation: impl FnOnce(Option<Record>) -> Op<Record>) {
        let end = || {
            self.generations.end(hash);
            self.writes.end();
        };
        if self.is_off() {
            return end();
        }
        self.change(hash, |known| {
            end();
            operation(known)
        });
    }

    fn change(&self, hash: u64, operation: impl FnOnce(Option<Record>) -> Op<Record>) {
        let Some(kept) = &self.kept else { return };
        kept.change(hash, |known| {
            let operation = operation(known);
            if !matches!(operation, Op::Nop) {
                self.kept_generations.end(hash);
            }
            operation
        });
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
