//! What this process knows of the records: a bounded cache in memory, and none of it a promise
//! about AWS.
//!
//! Kept are records by id, each no longer than its time to live and its access token, and answers:
//! which record a partial token denoted, each only as long as nothing written here could change it.
//! A hit is an answer that shows the record's token; everything else begins with the record.

mod answers;
pub(crate) mod bounded;
mod counts;
pub(crate) mod generations;
mod kept;
pub(crate) mod pending_write;
mod recent_writes;
mod record;
mod validity;

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;

use crate::secrets_manager::cache::answers::{Answer, Question};
use crate::secrets_manager::cache::bounded::Bounds;
use crate::secrets_manager::cache::generations::{Generation, Generations, mixed};
use crate::secrets_manager::cache::kept::Kept;
use crate::secrets_manager::cache::recent_writes::RecentWrites;
use crate::secrets_manager::cache::record::Record;
use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::clock::{Clock, Moment};
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::version_id;
use crate::{Field, OAuthToken, matching};

/// A record that is stored expired is read again, but not more often than this.
const EXPIRED_RECHECK: Duration = Duration::from_secs(3);

pub(crate) struct Cache {
    clock: Clock,
    time_to_live: Duration,
    stale_for: Duration,
    /// None if the cache is off.
    kept: Option<Kept>,
    recent: RecentWrites,
    generations: Generations,
}

impl Cache {
    /// A cache within these bounds for its records; zero of either switches it off.
    pub(crate) fn new(
        bounds: Bounds,
        time_to_live: Duration,
        stale_for: Duration,
        clock: Clock,
    ) -> Self {
        Cache {
            clock,
            time_to_live,
            stale_for,
            kept: Kept::new(bounds, time_to_live.saturating_add(stale_for)),
            recent: RecentWrites::new(),
            generations: Generations::new(),
        }
    }

    /// The current time by the clock that everything here is measured with.
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Whether it keeps nothing.
    pub(crate) fn is_off(&self) -> bool {
        self.kept.is_none()
    }

    /// The record with this id, if it is known and still good.
    pub(crate) fn record(&self, id: &str) -> Option<Arc<StoredRecord>> {
        let record = self.known(id)?;
        let good = record.good.has(self.now().wall);
        good.then(|| record.entry.clone())
    }

    /// The token in it.
    pub(crate) fn token(&self, id: &str) -> Option<OAuthToken> {
        let (kept, now) = (self.kept.as_ref()?, self.now().wall);
        let question = self.question_of_id(id);
        let shown = kept.shown(question, now, |token| token.id() == Some(id));
        shown.flatten().or_else(|| {
            // It may have come only now.
            let good = |record: &Arc<Record>| record.good.has(self.now().wall);
            let record = self.known(id).filter(good)?;
            let answer = kept.answered(question, question.hash, record.good);
            kept.show(&answer, &record);
            Some(record.entry.token.clone())
        })
    }

    /// The token that the partial one denotes, if that is known and still good.
    pub(crate) fn find(&self, partial: &OAuthToken) -> Option<OAuthToken> {
        if let Some(id) = partial.id() {
            return self.token(id);
        }
        let (kept, now) = (self.kept.as_ref()?, self.now().wall);
        let shown = self.questions(partial).find_map(|question| {
            let matches = |token: &OAuthToken| matching::matches(partial, token, question.field);
            kept.shown(question, now, matches)
        });
        shown.flatten().or_else(|| {
            let (question, answer, record) = self.last_answer(partial)?;
            // They may have come only now.
            let now = self.now().wall;
            let holds = answer.question == question && answer.good.has(now);
            (holds && record.good.has(now)).then(|| {
                kept.show(&answer, &record);
                record.entry.token.clone()
            })
        })
    }

    /// The last that was known of the record that the partial token denotes, for when AWS cannot be
    /// asked.
    pub(crate) fn last_known(&self, partial: &OAuthToken) -> Option<Arc<StoredRecord>> {
        let record = match partial.id() {
            Some(id) => self.known(id)?,
            None => self.last_answer(partial)?.2,
        };
        let kept_for = Validity::new(record.entry.asked.wall, self.kept_for());
        let serve = !self.stale_for.is_zero() && kept_for.has(self.now().wall);
        serve.then(|| record.entry.clone())
    }

    /// The generation of a record: taken before it is read, given to [`Cache::loaded`] after.
    pub(crate) fn generation_of_record(&self, id: &str) -> Generation {
        self.generations.of(self.generations.hash(id))
    }

    /// The generations of a query, for the strongest field alone up to all of them: taken before it is
    /// resolved.
    pub(crate) fn generations_of_query(&self, partial: &OAuthToken) -> Vec<(Field, Generation)> {
        let questions = self.questions(partial);
        questions
            .map(|question| (question.field, question.generation))
            .collect()
    }

    /// The generation of everything written here so far.
    pub(crate) fn generation_of_all(&self) -> Generation {
        self.generations.of_all()
    }

    /// Keeps what a read has brought, unless something was written since. Of two reads at the same
    /// time the later version stays; where that cannot be told, neither.
    pub(crate) fn loaded(&self, entry: &Arc<StoredRecord>, generation: Generation) {
        if RecentWrites::concerns(entry, self.now().wall) {
            self.recent.learn(entry.id(), self.keys(&entry.token));
        }
        let Some(kept) = &self.kept else { return };
        let hash = self.generations.hash(entry.id());
        kept.records.change(hash, |known| {
            let known = known.filter(|known| known.entry.id() == entry.id());
            let nothing_since = self.generations.of(hash) == generation;
            let later = match &known {
                None if !nothing_since => return Op::Nop,
                None => Some(Ordering::Greater),
                Some(known) if nothing_since && known.answered <= entry.asked.monotonic => {
                    Some(Ordering::Greater)
                }
                Some(known) => version_id::order(&entry.version, &known.entry.version),
            };
            match later {
                Some(Ordering::Greater) => Op::Put(Record::new(
                    entry.clone(),
                    self.good_span(entry),
                    self.now().monotonic,
                )),
                Some(_) => Op::Nop,
                None => {
                    // Others on their way may be older than both.
                    self.generations.overtaken(hash);
                    Op::Remove
                }
            }
        });
    }

    /// Drops what is known of a record that a read did not find, unless something was written
    /// since.
    pub(crate) fn missing(&self, id: &str, generation: Generation) {
        let Some(kept) = &self.kept else { return };
        let hash = self.generations.hash(id);
        kept.records.change(hash, |_| {
            if self.generations.of(hash) != generation {
                return Op::Nop;
            }
            // A read that is still on its way may bring the record as it was before.
            self.generations.overtaken(hash);
            Op::Remove
        });
    }

    /// Keeps what was written, after AWS has said yes.
    pub(crate) fn written(&self, entry: &Arc<StoredRecord>, replaced: Option<&OAuthToken>) {
        let id = entry.id();
        self.recent.written_here(id);
        self.recent.learn(id, self.keys(&entry.token));
        let record = Record::new(entry.clone(), self.good_span(entry), self.now().monotonic);
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
            self.generations.written(self.key(&entry.token, field));
        }
    }

    /// Keeps that a save has found the record to be as it should: what was saved here is in lists at
    /// once, whoever wrote it.
    pub(crate) fn confirmed(&self, id: &str) {
        self.recent.written_here(id);
    }

    /// Keeps that a record may have been written: the list may not show it. Whatever is found because
    /// of this is read and verified.
    pub(crate) fn perhaps_written(&self, record: &OAuthToken) {
        let id = record.id().unwrap_or_default();
        self.recent.written_here(id);
        self.recent.learn(id, self.keys(record));
    }

    /// Drops the record: it was deleted, its state is unknown, or AWS has said otherwise.
    pub(crate) fn forget(&self, id: &str) {
        self.change(id, |_| Op::Remove);
    }

    /// Keeps which record a query denoted.
    pub(crate) fn answered(
        &self,
        partial: &OAuthToken,
        decided_by: Field,
        id: &str,
        generation: Generation,
        known_at: Moment,
    ) {
        let Some(kept) = &self.kept else { return };
        let mut questions = self.questions(partial);
        if let Some(question) = questions.find(|question| question.field == decided_by) {
            let question = Question {
                generation,
                ..question
            };
            let good = Validity::new(known_at.wall, self.time_to_live);
            kept.answered(question, self.generations.hash(id), good);
        }
    }

    /// Records written lately that may be what the partial token denotes.
    pub(crate) fn recent_candidates(&self, partial: &OAuthToken) -> Vec<String> {
        self.recent.with_keys(self.keys(partial))
    }

    /// The ids of the records that this process wrote lately.
    pub(crate) fn recently_written(&self) -> Vec<String> {
        self.recent.all_written_here()
    }

    /// Changes what is kept of a record so that no read that has begun can undo it.
    fn change(&self, id: &str, operation: impl FnOnce(Option<Arc<Record>>) -> Op<Arc<Record>>) {
        let hash = self.generations.hash(id);
        match &self.kept {
            Some(kept) => {
                kept.records.change(hash, |known| {
                    self.generations.written(hash);
                    operation(known.filter(|known| known.entry.id() == id))
                });
            }
            None => self.generations.written(hash),
        }
    }

    /// The record with this id, good or not.
    fn known(&self, id: &str) -> Option<Arc<Record>> {
        let record = self.kept.as_ref()?.records.get(self.generations.hash(id))?;
        (record.entry.id() == id).then_some(record)
    }

    /// The query as far as there is an answer to it, by its strongest field alone first, and the
    /// record if it still matches.
    fn last_answer(&self, partial: &OAuthToken) -> Option<(Question, Arc<Answer>, Arc<Record>)> {
        let kept = self.kept.as_ref()?;
        self.questions(partial).find_map(|question| {
            let answer = kept.answers.read(question.hash, Arc::clone)?;
            let record = kept.records.get(answer.record)?;
            let field = question.field;
            let matches = answer.question.field == field
                && matching::matches(partial, &record.entry.token, field);
            matches.then_some((question, answer, record))
        })
    }

    /// The query by its strongest field alone, up to all of them.
    fn questions(&self, partial: &OAuthToken) -> impl Iterator<Item = Question> {
        let client = partial.client_id();
        let mut hash = client.map_or(0, |client| self.generations.hash_of(client));
        let mut generation = Generation::default();
        matching::identifying_fields(partial).map(move |field| {
            let key = self.key(partial, field);
            generation = generation.and(self.generations.of(key));
            hash = mixed(hash, key);
            Question {
                hash,
                field,
                generation,
            }
        })
    }

    /// The query by an id. What it denotes is never another record.
    fn question_of_id(&self, id: &str) -> Question {
        Question {
            hash: self.generations.hash(id),
            field: Field::Id,
            generation: Generation::default(),
        }
    }

    fn kept_for(&self) -> Duration {
        self.time_to_live.saturating_add(self.stale_for)
    }

    /// When a record is good: for its time to live, or until its access token expires. If it has
    /// expired when it is read, or does so at once, the record is still not read again at once.
    fn good_span(&self, entry: &StoredRecord) -> Validity {
        let from = entry.asked.wall;
        let recheck = Validity::new(from, EXPIRED_RECHECK.min(self.time_to_live)).until;
        let until = Validity::new(from, self.time_to_live).until;
        let expiry = entry.token.expiry().unwrap_or(until);
        Validity {
            from,
            until: until.min(expiry).max(recheck),
        }
    }

    fn keys(&self, token: &OAuthToken) -> impl Iterator<Item = u64> {
        matching::identifying_fields(token).map(|field| self.key(token, field))
    }

    fn key(&self, token: &OAuthToken, field: Field) -> u64 {
        let value = token.expose(field).unwrap_or_default();
        self.generations.hash_of_key(field, value)
    }
}

#[cfg(test)]
mod hits;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod tests;
