//! What this process knows of the records: a bounded cache in memory, and none of it a promise
//! about AWS.
//!
//! Kept are records by id, each no longer than its time to live and its access token, and answers:
//! which record a partial token denoted, each only as long as nothing written here could change it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use moka::ops::compute::Op;
use moka::sync::Cache as Moka;

use super::entry::{Entry, Moment};
use super::failure::Reason;
use super::recent::Recent;
use super::stamps::{Stamp, Stamps};
use crate::{Field, OAuthToken, matching};

/// A record that is stored expired is read again, but not more often than this.
const EXPIRED_RECHECK: Duration = Duration::from_secs(3);

/// The same record may be asked for in several ways.
const ANSWERS_PER_RECORD: u64 = 4;

pub(super) struct Cache {
    time_to_live: Duration,
    stale_for: Duration,
    /// None if the cache is off.
    kept: Option<Kept>,
    recent: Recent,
    stamps: Stamps,
}

struct Kept {
    records: Moka<Arc<str>, Record>,
    answers: Moka<u64, Answer>,
}

#[derive(Clone)]
struct Record {
    entry: Arc<Entry>,
    /// When AWS had answered: a call made before that may know less.
    answered: Instant,
}

/// Which record a query denoted.
#[derive(Clone)]
struct Answer {
    id: Arc<str>,
    decided_by: Field,
    stamp: Stamp,
    known_at: SystemTime,
}

impl Cache {
    /// A cache for so many records; zero switches it off.
    pub(super) fn new(capacity: u64, time_to_live: Duration, stale_for: Duration) -> Self {
        let kept_for = time_to_live.saturating_add(stale_for);
        let answers = capacity.saturating_mul(ANSWERS_PER_RECORD);
        let kept = (capacity > 0).then(|| Kept {
            records: Moka::builder()
                .max_capacity(capacity)
                .time_to_live(kept_for)
                .build(),
            answers: Moka::builder()
                .max_capacity(answers)
                .time_to_live(kept_for)
                .build(),
        });
        Cache {
            time_to_live,
            stale_for,
            kept,
            recent: Recent::new(),
            stamps: Stamps::new(),
        }
    }

    /// The record with this id, if it is known and still good.
    pub(super) fn record(&self, id: &str) -> Option<Arc<Entry>> {
        let entry = self.kept.as_ref()?.records.get(id)?.entry;
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

    /// The last that was known of the record that the partial token denotes, for when AWS cannot be
    /// asked.
    pub(super) fn last_known(&self, partial: &OAuthToken) -> Option<Arc<Entry>> {
        let entry = match partial.id() {
            Some(id) => self.kept.as_ref()?.records.get(id)?.entry,
            None => self.last_answer(partial)?.1,
        };
        let lives = self.time_to_live.saturating_add(self.stale_for);
        let serve = !self.stale_for.is_zero() && within(entry.asked.wall, lives, SystemTime::now());
        serve.then_some(entry)
    }

    /// The stamp of a record: taken before it is read, given to [`Cache::loaded`] after.
    pub(super) fn stamp_of_record(&self, id: &str) -> Stamp {
        self.stamps.of([self.stamps.hash(id)])
    }

    /// The stamps of a query, for the strongest field alone up to all of them: taken before it is
    /// resolved.
    pub(super) fn stamps_of_query(&self, partial: &OAuthToken) -> Vec<(Field, Stamp)> {
        let fields = matching::identifying_fields(partial);
        fields
            .map(|field| (field, self.stamp_of_query(partial, field)))
            .collect()
    }

    /// The stamp of everything written here so far.
    pub(super) fn stamp_of_all(&self) -> Stamp {
        self.stamps.of_all()
    }

    /// Keeps what a read has brought, unless something was written since, or a later read was
    /// faster.
    pub(super) fn loaded(&self, entry: &Arc<Entry>, stamp: Stamp) {
        if Recent::concerns(entry, SystemTime::now()) {
            self.recent.learn(entry.id(), self.keys(&entry.token));
        }
        let Some(kept) = &self.kept else { return };
        kept.records
            .entry(entry.id().into())
            .and_compute_with(|known| {
                let later = |known: Record| known.answered > entry.asked.monotonic;
                let overtaken = known.is_some_and(|known| later(known.into_value()));
                if overtaken || self.stamp_of_record(entry.id()) != stamp {
                    return Op::Nop;
                }
                Op::Put(Record {
                    entry: entry.clone(),
                    answered: Instant::now(),
                })
            });
    }

    /// Drops what is known of a record that a read did not find, unless something was written
    /// since.
    pub(super) fn missing(&self, id: &str, stamp: Stamp) {
        let Some(kept) = &self.kept else { return };
        kept.records.entry(id.into()).and_compute_with(|_| {
            if self.stamp_of_record(id) != stamp {
                return Op::Nop;
            }
            // A read that is still on its way may bring the record as it was before.
            self.stamps.overtaken(self.stamps.hash(id));
            Op::Remove
        });
    }

    /// Keeps what was written, after AWS has said yes.
    pub(super) fn written(&self, entry: &Arc<Entry>, replaced: Option<&OAuthToken>) {
        let id = entry.id();
        self.recent.written_here(id);
        self.recent.learn(id, self.keys(&entry.token));
        let record = Record {
            entry: entry.clone(),
            answered: Instant::now(),
        };
        self.change(id, |known| {
            // A read that was faster than this write may have seen what followed it.
            let other = known.filter(|known| known.entry.version != entry.version);
            match other.filter(|other| other.answered > entry.asked.monotonic) {
                Some(_) => Op::Remove,
                None => Op::Put(record),
            }
        });
        // Answers change only where a record has newly come to match.
        let is_new = |&field: &Field| {
            replaced.is_none_or(|old| old.expose(field) != entry.token.expose(field))
        };
        let all = is_new(&Field::UserName) || is_new(&Field::ClientId);
        for field in matching::identifying_fields(&entry.token).filter(|field| all || is_new(field))
        {
            self.stamps.written(self.key(&entry.token, field));
        }
    }

    /// Keeps that a save has found the record to be as it should: what was saved here is in lists at
    /// once, whoever wrote it.
    pub(super) fn confirmed(&self, id: &str) {
        self.recent.written_here(id);
    }

    /// Drops the record: it was deleted, its state is unknown, or AWS has said otherwise.
    pub(super) fn forget(&self, id: &str) {
        self.change(id, |_| Op::Remove);
    }

    /// Keeps which record a query denoted.
    pub(super) fn answered(
        &self,
        partial: &OAuthToken,
        decided_by: Field,
        id: &str,
        stamp: Stamp,
        known_at: SystemTime,
    ) {
        if let Some(kept) = &self.kept {
            let answer = Answer {
                id: id.into(),
                decided_by,
                stamp,
                known_at,
            };
            kept.answers.insert(self.query(partial, decided_by), answer);
        }
    }

    /// Records written lately that may be what the partial token denotes.
    pub(super) fn recent_candidates(&self, partial: &OAuthToken) -> Vec<String> {
        self.recent.with_keys(self.keys(partial))
    }

    /// The ids of the records that this process wrote lately.
    pub(super) fn recently_written(&self) -> Vec<String> {
        self.recent.all_written_here()
    }

    /// Changes what is kept of a record so that no read that has begun can undo it.
    fn change(&self, id: &str, operation: impl FnOnce(Option<Record>) -> Op<Record>) {
        let mark = || self.stamps.written(self.stamps.hash(id));
        match &self.kept {
            Some(kept) => {
                kept.records.entry(id.into()).and_compute_with(|known| {
                    mark();
                    operation(known.map(|known| known.into_value()))
                });
                // What was replaced would stay in memory until moka's next upkeep. It is a token:
                // it is dropped now, and wiped with that.
                kept.records.run_pending_tasks();
            }
            None => mark(),
        }
    }

    /// The answer kept for the query, by its strongest field alone first, and the record if it
    /// still matches.
    fn last_answer(&self, partial: &OAuthToken) -> Option<(Answer, Arc<Entry>)> {
        let kept = self.kept.as_ref()?;
        matching::identifying_fields(partial).find_map(|field| {
            let answer = kept.answers.get(&self.query(partial, field))?;
            let entry = kept.records.get(&answer.id)?.entry;
            let matches =
                answer.decided_by == field && matching::matches(partial, &entry.token, field);
            matches.then_some((answer, entry))
        })
    }

    fn is_fresh(&self, entry: &Entry, now: SystemTime) -> bool {
        let lives = match entry.token.is_expired_at(now) {
            true => EXPIRED_RECHECK.min(self.time_to_live),
            false => self.time_to_live,
        };
        within(entry.asked.wall, lives, now)
    }

    fn stamp_of_query(&self, partial: &OAuthToken, decided_by: Field) -> Stamp {
        let fields = deciding_fields(partial, decided_by);
        self.stamps.of(fields.map(|field| self.key(partial, field)))
    }

    fn keys(&self, token: &OAuthToken) -> impl Iterator<Item = u64> {
        matching::identifying_fields(token).map(|field| self.key(token, field))
    }

    fn key(&self, token: &OAuthToken, field: Field) -> u64 {
        self.stamps.hash((field, token.expose(field)))
    }

    /// A query is what decided it: the given fields down to that one, and the client.
    fn query(&self, partial: &OAuthToken, decided_by: Field) -> u64 {
        let mut fields = [None; matching::IDENTIFYING_FIELDS.len()];
        for (place, field) in fields.iter_mut().zip(deciding_fields(partial, decided_by)) {
            *place = Some((field, partial.expose(field)));
        }
        self.stamps.hash((fields, partial.client_id()))
    }
}

fn deciding_fields(partial: &OAuthToken, decided_by: Field) -> impl Iterator<Item = Field> {
    let mut decided = false;
    matching::identifying_fields(partial)
        .take_while(move |&field| !std::mem::replace(&mut decided, field == decided_by))
}

/// Whether it is not longer ago than this. A time in the future is a clock that was set: nothing to
/// rely on.
fn within(time: SystemTime, span: Duration, now: SystemTime) -> bool {
    now.duration_since(time).is_ok_and(|age| age < span)
}

/// A write under way. Until AWS has said yes nobody knows what the secret holds: dropped, however
/// that comes about, it takes the record out of the cache; a record that was to be saved is looked
/// for nevertheless.
pub(super) struct Unsettled<'a> {
    cache: &'a Cache,
    id: &'a str,
    /// What the secret holds afterwards; none if that is no record.
    record: Option<&'a OAuthToken>,
    begun: Moment,
    settled: bool,
}

impl<'a> Unsettled<'a> {
    /// A record is being saved.
    pub(super) fn save(cache: &'a Cache, record: &'a OAuthToken) -> Self {
        Unsettled {
            record: Some(record),
            ..Self::deletion(cache, record.id().unwrap_or_default())
        }
    }

    /// A record is being deleted.
    pub(super) fn deletion(cache: &'a Cache, id: &'a str) -> Self {
        Unsettled {
            cache,
            id,
            record: None,
            begun: Moment::now(),
            settled: false,
        }
    }

    /// When the write was begun.
    pub(super) fn begun(&self) -> Moment {
        self.begun
    }

    /// The write has failed. Unless AWS did not allow it, it may have been done all the same.
    pub(super) fn failed(mut self, reason: Reason) {
        if reason == Reason::Denied {
            self.record = None;
        }
    }

    /// AWS has said yes: this is what the secret holds.
    pub(super) fn settle(mut self, entry: Entry, replaced: Option<&OAuthToken>) {
        self.settled = true;
        self.cache.written(&Arc::new(entry), replaced);
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.cache.forget(self.id);
        if let Some(record) = self.record {
            // It may have been written all the same, and the list may not show it. Whatever is found
            // because of this is read and verified.
            self.cache.recent.written_here(self.id);
            let keys = self.cache.keys(record);
            self.cache.recent.learn(self.id, keys);
        }
    }
}

#[cfg(test)]
mod tests;
