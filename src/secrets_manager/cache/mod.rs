//! The cache: what this process knows of the records, in bounded memory.
//!
//! The cache never returns less than this process knows: after a record has been written, deleted or
//! invalidated by this process, or a later version has been read, no lookup returns an older one.
//! Writes by other processes are noticed when the time to live ends. How this works:
//!
//! * Records are kept in a bounded map, by id ([`records`]). A write ends the generation of its
//!   record in the same step in which it changes the map. A read takes the generation before its
//!   call, and its result is stored only if the generation is still the same, which is checked in the
//!   same step.
//! * A second bounded map holds answers: which record a partial token denoted ([`answers`]). A write
//!   ends all answers that it could change. An answer refers to the cached version of its record, and
//!   is used only while that version is cached and still matches.
//! * Both are valid for their time to live, and a record at most as long as its access token, by the
//!   wall clock and by the monotonic clock ([`validity`]).
//! * Recently written records are considered whether or not AWS lists them ([`recent_writes`]). A
//!   write whose outcome is unknown removes its record ([`pending_write`]).
//! * A read that is older than a known state is not believed ([`known_states`]).

mod answers;
pub(crate) mod bounded;
pub(crate) mod generations;
mod hash;
pub(crate) mod known_states;
pub(crate) mod pending_write;
mod recent_writes;
mod records;
mod validity;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::secrets_manager::cache::answers::{ANSWERS_PER_RECORD, Answer, Answers, Question};
use crate::secrets_manager::cache::bounded::Bound;
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::cache::hash::KeyedHasher;
use crate::secrets_manager::cache::known_states::{KnownStates, State, Verdict};
use crate::secrets_manager::cache::recent_writes::RecentWrites;
use crate::secrets_manager::cache::records::{Records, Version, most_records};
use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::{Field, OAuthToken, matching};

pub(crate) struct Cache {
    clock: Clock,
    time_to_live: Duration,
    stale_for: Duration,
    hasher: KeyedHasher,
    records: Records,
    answers: Answers,
    recent: RecentWrites,
    states: KnownStates,
}

impl Cache {
    /// Returns a cache with this bound. Without a bound it is off, and stores nothing.
    pub(crate) fn new(
        bound: Option<Bound>,
        time_to_live: Duration,
        stale_for: Duration,
        clock: Clock,
    ) -> Self {
        let bound = bound.filter(|&bound| most_records(bound) > 0);
        let answers = bound.map(|bound| most_records(bound).saturating_mul(ANSWERS_PER_RECORD));
        let kept_for = time_to_live.saturating_add(stale_for);
        Cache {
            time_to_live,
            stale_for,
            hasher: KeyedHasher::new(),
            records: Records::new(bound, kept_for),
            answers: Answers::new(answers, kept_for, clock.now()),
            recent: RecentWrites::new(),
            states: KnownStates::new(),
            clock,
        }
    }

    /// The current time, by the clock that the whole cache uses.
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Whether the cache is off.
    pub(crate) fn is_off(&self) -> bool {
        self.records.is_off()
    }

    /// Returns whether a read that returned this state can be believed.
    pub(crate) fn judge(&self, id: &str, read: &State) -> Verdict {
        self.states.judge(id, read, self.now().monotonic)
    }

    /// Remembers a state that was read and believed.
    pub(crate) fn learn_state(&self, id: &str, state: &State) {
        self.states.learn(id, state, self.now().monotonic);
    }

    /// Remembers a version that AWS has acknowledged a put of.
    pub(crate) fn state_written(&self, id: &str, state: &State) {
        self.states.written(id, state, self.now().monotonic);
    }

    /// Remembers that a deletion has found the secret gone.
    pub(crate) fn found_gone(&self, id: &str) {
        self.states.found_gone(id, self.now().monotonic);
    }

    /// Replaces a known state, even by an older one.
    pub(crate) fn accept_state(&self, id: &str, state: &State) {
        self.states.accept(id, state, self.now().monotonic);
    }

    /// Returns the record with this id, if it is cached and valid.
    pub(crate) fn record(&self, id: &str) -> Option<Arc<StoredRecord>> {
        self.valid(id, |version| version.entry.clone())
    }

    /// Returns the token of the record with this id, if it is cached and valid.
    pub(crate) fn token(&self, id: &str) -> Option<OAuthToken> {
        self.valid(id, |version| version.token.clone())
    }

    fn valid<T>(&self, id: &str, of: impl Fn(&Version) -> T) -> Option<T> {
        let read = |version: &Version| {
            let holds = version.token.id() == Some(id) && version.good.has(self.now());
            holds.then(|| of(version))
        };
        self.records.read(self.hasher.of(id), read)?
    }

    /// Returns the token that the partial token denotes, if it is cached and valid.
    pub(crate) fn find(&self, partial: &OAuthToken) -> Option<OAuthToken> {
        if let Some(id) = partial.id() {
            return self.token(id);
        }
        let mut questions = self.answers.questions(&self.hasher, partial);
        questions.find_map(|question| {
            let answer = self.answers.get(&question)?;
            self.seen(partial, &question, &answer)
                .or_else(|| self.looked_up(partial, &question, &answer))
        })
    }

    /// Returns the token of the version that the answer refers to, if that version is still cached.
    fn seen(
        &self,
        partial: &OAuthToken,
        question: &Question,
        answer: &Answer,
    ) -> Option<OAuthToken> {
        let now = self.now();
        let kept = self.records.kept_generation(answer.record);
        let token = answer.seen(question, kept, now)?;
        let matches = matching::matches(partial, &token, question.field);
        if matches && self.answers.is_report_due(answer, now) {
            self.records.report_use(answer.record);
        }
        matches.then_some(token)
    }

    /// Returns the token of the cached version of the answer's record, and makes the answer refer to it.
    fn looked_up(
        &self,
        partial: &OAuthToken,
        question: &Question,
        answer: &Arc<Answer>,
    ) -> Option<OAuthToken> {
        let (record, generation) = self.records.get_with_generation(answer.record)?;
        // Taken after the record, which another task may have read just now.
        let now = self.now();
        record.read(|version| {
            let holds = answer.holds(question, version, now)
                && matching::matches(partial, &version.token, question.field);
            holds.then(|| {
                self.answers.note(question, answer, version, generation);
                version.token.clone()
            })
        })?
    }

    /// Returns the last known record that the partial token denotes, for when AWS cannot be reached,
    /// unless it has been invalid for too long.
    pub(crate) fn last_known(&self, partial: &OAuthToken) -> Option<Arc<StoredRecord>> {
        let entry = match partial.id() {
            Some(id) => {
                let entry = self.records.read(self.hasher.of(id), entry_of)?;
                (entry.id() == id).then_some(entry)?
            }
            None => {
                let mut questions = self.answers.questions(&self.hasher, partial);
                questions.find_map(|question| {
                    let answer = self.answers.get(&question)?;
                    let entry = self.records.read(answer.record, entry_of)?;
                    matching::matches(partial, &entry.token, question.field).then_some(entry)
                })?
            }
        };
        let kept_for = self.time_to_live.saturating_add(self.stale_for);
        let serve =
            !self.stale_for.is_zero() && Validity::new(entry.asked, kept_for).has(self.now());
        serve.then_some(entry)
    }

    /// Returns the generation of a record, to be taken before a read and passed to [`Cache::loaded`] or
    /// [`Cache::missing`] after it.
    pub(crate) fn generation_of_record(&self, id: &str) -> Generation {
        self.records.generation(self.hasher.of(id))
    }

    /// Returns the generations of a query, for its strongest field alone up to all of its fields. They
    /// are taken before the query is resolved, and one of them is passed to [`Cache::answered`] after
    /// that.
    pub(crate) fn generations_of_query(&self, partial: &OAuthToken) -> Vec<(Field, Generation)> {
        let questions = self.answers.questions(&self.hasher, partial);
        questions
            .map(|question| (question.field, question.generation))
            .collect()
    }

    /// Returns the generation of all writes by this process.
    pub(crate) fn generation_of_all(&self) -> Generation {
        self.records.generation_of_all()
    }

    /// Stores a record that was read, unless it was written since. If two reads overlap, the later
    /// version stays; if the order is unknown, neither does.
    pub(crate) fn loaded(&self, entry: &Arc<StoredRecord>, generation: Generation) {
        let now = self.now();
        if RecentWrites::concerns(entry, now.wall) {
            let keys = self.hasher.keys(&entry.token);
            self.recent.learn(entry.id(), keys, now.monotonic);
        }
        let keys = self.hasher.keys(&entry.token);
        self.recent.unlearn(entry.id(), keys, entry.asked.monotonic);
        let record = self.described(entry, now);
        self.records
            .loaded(self.hasher.of(entry.id()), record, generation);
    }

    /// Removes a record that a read did not find, unless it was written since.
    pub(crate) fn missing(&self, id: &str, generation: Generation) {
        self.records.missing(self.hasher.of(id), generation);
    }

    /// Stores a record whose write AWS has acknowledged.
    pub(crate) fn written(&self, entry: &Arc<StoredRecord>, replaced: Option<&OAuthToken>) {
        let (id, now) = (entry.id(), self.now());
        self.perhaps_written(&entry.token);
        let keys = self.hasher.keys(&entry.token);
        self.recent.unlearn(id, keys, entry.asked.monotonic);
        let record = self.described(entry, now);
        self.records.written(self.hasher.of(id), record);
        // Other answers stay right: the record matches no more queries than before.
        let is_new = |&field: &Field| {
            replaced.is_none_or(|old| old.expose(field) != entry.token.expose(field))
        };
        let all = is_new(&Field::UserName) || is_new(&Field::ClientId);
        for field in matching::identifying_fields(&entry.token).filter(|field| all || is_new(field))
        {
            self.answers.end(self.hasher.key(&entry.token, field));
        }
    }

    /// Remembers that a save found the record unchanged: lists by this process include what it saved,
    /// even if another process wrote it.
    pub(crate) fn confirmed(&self, id: &str) {
        self.recent.written_here(id, self.now().monotonic);
    }

    /// Remembers that a record may have been written, because AWS may not list it yet. A lookup that
    /// uses this reads the record and verifies it.
    pub(crate) fn perhaps_written(&self, record: &OAuthToken) {
        let (id, now) = (record.id().unwrap_or_default(), self.now().monotonic);
        self.recent.written_here(id, now);
        self.recent.learn(id, self.hasher.keys(record), now);
    }

    /// Removes a record that was deleted, whose state is unknown, or that AWS has contradicted.
    pub(crate) fn forget(&self, id: &str) {
        self.records.forget(self.hasher.of(id));
    }

    /// Stores which record a query denoted.
    pub(crate) fn answered(
        &self,
        partial: &OAuthToken,
        decided_by: Field,
        id: &str,
        generation: Generation,
        known_at: Moment,
    ) {
        let mut questions = self.answers.questions(&self.hasher, partial);
        if let Some(question) = questions.find(|question| question.field == decided_by) {
            let question = Question {
                generation,
                ..question
            };
            let good = Validity::new(known_at, self.time_to_live);
            self.answers.put(&question, self.hasher.of(id), good);
        }
    }

    /// Returns the ids of recently written records that the partial token may denote.
    pub(crate) fn recent_candidates(&self, partial: &OAuthToken) -> Vec<String> {
        self.recent
            .with_keys(self.hasher.keys(partial), self.now().monotonic)
    }

    /// Returns the ids of the records that this process has recently written.
    pub(crate) fn recently_written(&self) -> Vec<String> {
        self.recent.all_written_here(self.now().monotonic)
    }

    /// The version of a record that AWS has just returned or acknowledged.
    fn described(&self, entry: &Arc<StoredRecord>, answered: Moment) -> Version {
        Version::new(entry.clone(), self.time_to_live, answered)
    }
}

fn entry_of(version: &Version) -> Arc<StoredRecord> {
    version.entry.clone()
}

#[cfg(test)]
mod tests;
