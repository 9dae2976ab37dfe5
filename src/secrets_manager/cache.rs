//! What this process knows of the records: a bounded cache, and what it has written lately.
//!
//! Three things are kept, all in memory and none of them a promise about AWS:
//!
//! * records by id, each no longer than its time to live and its access token (can be off);
//! * answers: which record a partial token denoted, each only as long as nothing written here could change it;
//! * recent keys: the ids of records written or created a short while ago, by lookup key, because the list that the
//!   tag index is read through "might not reflect changes from the last five minutes" (AWS).

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Moka;

use super::document::UnknownFields;
use crate::{Field, OAuthToken, matching};

/// A record that is stored expired is read again, but not more often than this.
const EXPIRED_RECHECK: Duration = Duration::from_secs(3);

/// How long the list may lag behind, three times over.
const RECENT: Duration = Duration::from_secs(900);

/// Far more than quotas let one process write in [`RECENT`]: 50 records a second with four keys each.
const RECENT_KEYS: u64 = 200_000;

/// Marks by the hash of what they stand for. Two things that share one cost a needless call, never a wrong answer.
const STAMPS: usize = 4_096;

/// A record as one version of its secret holds it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) token: OAuthToken,
    pub(super) unknown: UnknownFields,
    pub(super) version: String,
    /// When the version was made, by AWS's clock, where AWS says so.
    pub(super) created: Option<SystemTime>,
    /// When the call that brought the record was made.
    pub(super) asked: Instant,
    /// The same by the wall clock: a frozen Lambda's monotonic clock stands still.
    pub(super) asked_at: SystemTime,
}

impl Entry {
    pub(super) fn id(&self) -> &str {
        self.token.id().unwrap_or_default()
    }
}

/// What was written here so far, as far as it concerns some ids or keys: equal stamps mean that nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp(u64);

#[derive(Clone)]
struct Answer {
    id: Arc<str>,
    decided_by: Field,
    stamp: Stamp,
    known_at: SystemTime,
}

pub(super) struct Cache {
    time_to_live: Duration,
    stale_for: Duration,
    records: Option<Moka<Arc<str>, Kept>>,
    answers: Option<Moka<u64, Answer>>,
    recent_keys: Moka<u64, Arc<[Arc<str>]>>,
    recently_written: Moka<Arc<str>, ()>,
    hasher: RandomState,
    stamps: Box<[AtomicU64]>,
    writes: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    entry: Arc<Entry>,
    /// When AWS had answered: a call made before that may know less.
    answered: Instant,
}

impl Cache {
    /// A cache for so many records; zero switches it off.
    pub(super) fn new(capacity: u64, time_to_live: Duration, stale_for: Duration) -> Self {
        let kept_for = time_to_live.saturating_add(stale_for);
        let on = capacity > 0;
        let recent = || {
            Moka::builder()
                .max_capacity(RECENT_KEYS)
                .eviction_policy(EvictionPolicy::lru())
        };
        Cache {
            time_to_live,
            stale_for,
            records: on.then(|| {
                Moka::builder()
                    .max_capacity(capacity)
                    .time_to_live(kept_for)
                    .build()
            }),
            // The same record may be asked for in several ways.
            answers: on.then(|| {
                Moka::builder()
                    .max_capacity(capacity.saturating_mul(4))
                    .time_to_live(kept_for)
                    .build()
            }),
            recent_keys: recent().time_to_live(RECENT).build(),
            recently_written: Moka::builder()
                .max_capacity(RECENT_KEYS)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(RECENT)
                .build(),
            hasher: RandomState::new(),
            stamps: (0..STAMPS).map(|_| AtomicU64::new(0)).collect(),
            writes: AtomicU64::new(0),
        }
    }

    /// The record with this id, if it is known and still good.
    pub(super) fn record(&self, id: &str) -> Option<Arc<Entry>> {
        let entry = self.records.as_ref()?.get(id)?.entry;
        self.is_fresh(&entry, SystemTime::now()).then_some(entry)
    }

    /// The record that the partial token denotes, if that is known and still good.
    pub(super) fn find(&self, partial: &OAuthToken) -> Option<Arc<Entry>> {
        let (answer, entry) = self.last_answer(partial)?;
        let now = SystemTime::now();
        (within(answer.known_at, self.time_to_live, now)
            && answer.stamp == self.stamp_of_query(partial, answer.decided_by)
            && self.is_fresh(&entry, now))
        .then_some(entry)
    }

    /// The last that was known of the record, for when AWS cannot be asked.
    pub(super) fn last_known_record(&self, id: &str) -> Option<Arc<Entry>> {
        let entry = self.records.as_ref()?.get(id)?.entry;
        self.may_be_served_stale(&entry).then_some(entry)
    }

    /// The last that was known of the record that the partial token denotes, for when AWS cannot be asked.
    pub(super) fn last_known(&self, partial: &OAuthToken) -> Option<Arc<Entry>> {
        match partial.id() {
            Some(id) => self.last_known_record(id),
            None => self
                .last_answer(partial)
                .map(|(_, entry)| entry)
                .filter(|entry| self.may_be_served_stale(entry)),
        }
    }

    /// The stamp of a record: taken before it is read, given to [`Cache::loaded`] after.
    pub(super) fn stamp_of_record(&self, id: &str) -> Stamp {
        Stamp(self.mark(self.hash(id)).load(Ordering::Acquire))
    }

    /// The stamp of what decides a query, down to this field: taken before it is resolved.
    pub(super) fn stamp_of_query(&self, partial: &OAuthToken, decided_by: Field) -> Stamp {
        // Marks only ever grow, so the sum is the same only if all of them are.
        Stamp(
            deciding_fields(partial, decided_by)
                .map(|field| self.mark_of_key(partial, field).load(Ordering::Acquire))
                .sum(),
        )
    }

    /// The stamps of a query, for the strongest field alone up to all of them.
    pub(super) fn stamps_of_query(&self, partial: &OAuthToken) -> Vec<(Field, Stamp)> {
        matching::identifying_fields(partial)
            .map(|field| (field, self.stamp_of_query(partial, field)))
            .collect()
    }

    /// Everything written here so far.
    pub(super) fn stamp_of_all(&self) -> Stamp {
        Stamp(self.writes.load(Ordering::Acquire))
    }

    /// Keeps what a read has brought, unless something was written since, or a later read was faster.
    pub(super) fn loaded(&self, entry: &Arc<Entry>, stamp: Stamp) {
        let now = SystemTime::now();
        if entry
            .created
            .is_none_or(|created| within(created, RECENT, now) || created > now)
        {
            self.remember_keys(&entry.token);
        }
        let Some(records) = &self.records else { return };
        records.entry(entry.id().into()).and_compute_with(|kept| {
            let overtaken = kept.is_some_and(|kept| kept.into_value().answered > entry.asked);
            if overtaken || self.stamp_of_record(entry.id()) != stamp {
                return Op::Nop;
            }
            Op::Put(Kept {
                entry: entry.clone(),
                answered: Instant::now(),
            })
        });
    }

    /// Drops what is known of a record that a read did not find, unless something was written since.
    pub(super) fn missing(&self, id: &str, stamp: Stamp) {
        let Some(records) = &self.records else { return };
        records.entry(id.into()).and_compute_with(|_| {
            if self.stamp_of_record(id) != stamp {
                return Op::Nop;
            }
            // A read that is still on its way may bring the record as it was before.
            self.mark(self.hash(id)).fetch_add(1, Ordering::AcqRel);
            Op::Remove
        });
    }

    /// Keeps what was written, after AWS has said yes.
    pub(super) fn written(&self, entry: &Arc<Entry>, replaced: Option<&OAuthToken>) {
        self.recently_written.insert(entry.id().into(), ());
        self.remember_keys(&entry.token);
        let kept = Kept {
            entry: entry.clone(),
            answered: Instant::now(),
        };
        match &self.records {
            Some(records) => {
                records.entry(entry.id().into()).and_compute_with(|other| {
                    self.touch_record(entry.id());
                    let other = other.map(|other| other.into_value());
                    // A read that was faster than this write may have seen what followed it.
                    match other.filter(|other| {
                        other.answered > entry.asked && other.entry.version != entry.version
                    }) {
                        Some(_) => Op::Remove,
                        None => Op::Put(kept),
                    }
                });
            }
            None => self.touch_record(entry.id()),
        }
        // Answers change only where a record has newly come to match.
        let agrees_anew =
            |field| replaced.is_none_or(|old| old.expose(field) != entry.token.expose(field));
        let all = agrees_anew(Field::UserName) || agrees_anew(Field::ClientId);
        for field in
            matching::identifying_fields(&entry.token).filter(|&field| all || agrees_anew(field))
        {
            self.mark_of_key(&entry.token, field)
                .fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Drops the record: it was deleted, its state is unknown, or AWS has said otherwise.
    pub(super) fn forget(&self, id: &str) {
        match &self.records {
            Some(records) => {
                records.entry(id.into()).and_compute_with(|_| {
                    self.touch_record(id);
                    Op::Remove
                });
            }
            None => self.touch_record(id),
        }
    }

    /// Keeps which record answered a query, and by which field.
    pub(super) fn answered(
        &self,
        partial: &OAuthToken,
        decided_by: Field,
        id: &str,
        stamp: Stamp,
        since: SystemTime,
    ) {
        if let Some(answers) = &self.answers {
            let answer = Answer {
                id: id.into(),
                decided_by,
                stamp,
                known_at: since,
            };
            answers.insert(self.hash_of_query(partial, decided_by), answer);
        }
    }

    /// Records written or created lately that may be what the partial token denotes.
    pub(super) fn recent_candidates(&self, partial: &OAuthToken) -> Vec<Arc<str>> {
        let fields = matching::identifying_fields(partial);
        fields
            .filter_map(|field| self.recent_keys.get(&self.hash_of_key(partial, field)))
            .flat_map(|ids| ids.to_vec())
            .collect()
    }

    /// The ids of the records that this process wrote lately.
    pub(super) fn recently_written(&self) -> Vec<Arc<str>> {
        self.recently_written
            .iter()
            .map(|(id, ())| (*id).clone())
            .collect()
    }

    /// The answer kept for the query, found by its strongest field alone first, and the record if it still matches.
    fn last_answer(&self, partial: &OAuthToken) -> Option<(Answer, Arc<Entry>)> {
        let (answers, records) = (self.answers.as_ref()?, self.records.as_ref()?);
        matching::identifying_fields(partial).find_map(|field| {
            let answer = answers.get(&self.hash_of_query(partial, field))?;
            let entry = records.get(&answer.id)?.entry;
            (answer.decided_by == field && matching::matches(partial, &entry.token, field))
                .then_some((answer, entry))
        })
    }

    fn is_fresh(&self, entry: &Entry, now: SystemTime) -> bool {
        let lives = if entry.token.is_expired_at(now) {
            EXPIRED_RECHECK.min(self.time_to_live)
        } else {
            self.time_to_live
        };
        within(entry.asked_at, lives, now)
    }

    fn may_be_served_stale(&self, entry: &Entry) -> bool {
        !self.stale_for.is_zero()
            && within(
                entry.asked_at,
                self.time_to_live.saturating_add(self.stale_for),
                SystemTime::now(),
            )
    }

    fn remember_keys(&self, record: &OAuthToken) {
        let Some(id) = record.id() else { return };
        for field in matching::identifying_fields(record) {
            self.recent_keys
                .entry(self.hash_of_key(record, field))
                .and_upsert_with(|known| {
                    let known = known.map(|known| known.into_value()).unwrap_or_default();
                    if known.iter().any(|other| **other == *id) {
                        return known;
                    }
                    known.iter().cloned().chain([id.into()]).collect()
                });
        }
    }

    fn touch_record(&self, id: &str) {
        self.mark(self.hash(id)).fetch_add(1, Ordering::AcqRel);
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    fn mark_of_key(&self, token: &OAuthToken, field: Field) -> &AtomicU64 {
        self.mark(self.hash_of_key(token, field))
    }

    fn mark(&self, hash: u64) -> &AtomicU64 {
        &self.stamps[usize::try_from(hash).unwrap_or(usize::MAX) % STAMPS]
    }

    fn hash_of_key(&self, token: &OAuthToken, field: Field) -> u64 {
        self.hash((field, token.expose(field)))
    }

    /// A query is what decided it: the given fields down to that one, and the client.
    fn hash_of_query(&self, partial: &OAuthToken, decided_by: Field) -> u64 {
        use std::hash::Hasher;
        let mut hasher = self.hasher.build_hasher();
        for field in deciding_fields(partial, decided_by) {
            (field, partial.expose(field)).hash(&mut hasher);
        }
        partial.client_id().hash(&mut hasher);
        hasher.finish()
    }

    fn hash(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }
}

fn deciding_fields(partial: &OAuthToken, decided_by: Field) -> impl Iterator<Item = Field> {
    let mut decided = false;
    matching::identifying_fields(partial)
        .take_while(move |&field| !std::mem::replace(&mut decided, field == decided_by))
}

/// Whether it is not longer ago than this. A time in the future is a clock that was set: nothing to rely on.
fn within(time: SystemTime, span: Duration, now: SystemTime) -> bool {
    now.duration_since(time).is_ok_and(|age| age < span)
}
