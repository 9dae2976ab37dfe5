//! What this process knows of the records: a bounded cache in memory.
//!
//! It never falls behind what this process knows: once a record was written, deleted or invalidated
//! here, or a later version was read, no lookup returns an older one. About writes of other
//! processes it promises only that it notices them when the time to live is over. How:
//!
//! * Records lie in one bounded map, by id ([`records`]). A write ends the record's generation and
//!   changes what is kept in one step. A read notes the generation before its call, and its result
//!   is kept only if the generation is still the same, checked in one step with keeping it.
//! * Answers lie in another ([`answers`]): which record a partial token denoted. An answer ends with
//!   any write here that could change it. It leads to the version of the record that it last led to
//!   as long as this is the version that is kept, and only if that still matches.
//! * Both are valid for their time to live, and a record no longer than its access token, by the
//!   wall clock and the monotonic clock ([`validity`]).
//! * What was written lately is looked at whatever AWS's list says ([`recent_writes`]), and a write
//!   without an outcome takes its record out ([`pending_write`]).
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
    /// A cache within this bound; without one it is off and keeps nothing.
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

    /// The current time, by the clock that everything here is measured with.
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Whether it keeps nothing.
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

    /// Believes a state although a later one was known.
    pub(crate) fn accept_state(&self, id: &str, state: &State) {
        self.states.accept(id, state, self.now().monotonic);
    }

    /// Returns the record with this id, if it is known and valid.
    pub(crate) fn record(&self, id: &str) -> Option<Arc<StoredRecord>> {
        self.valid(id, |version| version.entry.clone())
    }

    /// Returns the token in it.
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

    /// Returns the token that the partial one denotes, if that is known and valid.
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

    /// Returns the token of the record that the answer has led to before.
    fn seen(
        &self,
        partial: &OAuthToken,
        question: &Question,
        answer: &Answer,
    ) -> Option<OAuthToken> {
        let now = self.now();
        let kept = self.records.kept_generation(answer.record);
        let entry = answer.seen(question, kept, now)?;
        let matches = matching::matches(partial, &entry.token, question.field);
        if matches && self.answers.is_report_due(answer, now) {
            self.records.report_use(answer.record);
        }
        matches.then(|| entry.token.clone())
    }

    /// Returns the token of the record that the answer leads to now, which is noted in it.
    fn looked_up(
        &self,
        partial: &OAuthToken,
        question: &Question,
        answer: &Arc<Answer>,
    ) -> Option<OAuthToken> {
        let (record, generation) = self.records.get_with_generation(answer.record)?;
        // Later than the record, which may have been read only now.
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

    /// Returns the last known record that the partial token denotes, for when AWS cannot be asked,
    /// unless it has been out of date for too long.
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

    /// Returns the generation of a record: taken before it is read, given to [`Cache::loaded`] or
    /// [`Cache::missing`] after.
    pub(crate) fn generation_of_record(&self, id: &str) -> Generation {
        self.records.generation(self.hasher.of(id))
    }

    /// Returns the generations of a query, for the strongest field alone up to all of them: taken
    /// before it is resolved, one of them given to [`Cache::answered`] after.
    pub(crate) fn generations_of_query(&self, partial: &OAuthToken) -> Vec<(Field, Generation)> {
        let questions = self.answers.questions(&self.hasher, partial);
        questions
            .map(|question| (question.field, question.generation))
            .collect()
    }

    /// Returns the generation of everything written here.
    pub(crate) fn generation_of_all(&self) -> Generation {
        self.records.generation_of_all()
    }

    /// Keeps what a read has returned, unless something was written since. Of two reads at the same
    /// time the later version stays; if that cannot be told, neither.
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

    /// Drops what is known of a record that a read did not find, unless something was written
    /// since.
    pub(crate) fn missing(&self, id: &str, generation: Generation) {
        self.records.missing(self.hasher.of(id), generation);
    }

    /// Keeps what was written, after AWS has confirmed it.
    pub(crate) fn written(&self, entry: &Arc<StoredRecord>, replaced: Option<&OAuthToken>) {
        let (id, now) = (entry.id(), self.now());
        self.perhaps_written(&entry.token);
        let keys = self.hasher.keys(&entry.token);
        self.recent.unlearn(id, keys, entry.asked.monotonic);
        let record = self.described(entry, now);
        self.records.written(self.hasher.of(id), record);
        // Answers change only if the record has newly come to match.
        let is_new = |&field: &Field| {
            replaced.is_none_or(|old| old.expose(field) != entry.token.expose(field))
        };
        let all = is_new(&Field::UserName) || is_new(&Field::ClientId);
        for field in matching::identifying_fields(&entry.token).filter(|field| all || is_new(field))
        {
            self.answers.end(self.hasher.key(&entry.token, field));
        }
    }

    /// Keeps that a save found the record to be as it should: what was saved here is in lists at
    /// once, whoever wrote it.
    pub(crate) fn confirmed(&self, id: &str) {
        self.recent.written_here(id, self.now().monotonic);
    }

    /// Keeps that a record may have been written, which the list may not show. Whatever is found
    /// because of this is read and verified.
    pub(crate) fn perhaps_written(&self, record: &OAuthToken) {
        let (id, now) = (record.id().unwrap_or_default(), self.now().monotonic);
        self.recent.written_here(id, now);
        self.recent.learn(id, self.hasher.keys(record), now);
    }

    /// Drops the record: it was deleted, its state is unknown, or AWS has contradicted it.
    pub(crate) fn forget(&self, id: &str) {
        self.records.forget(self.hasher.of(id));
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

    /// Returns the records written lately that may be what the partial token denotes.
    pub(crate) fn recent_candidates(&self, partial: &OAuthToken) -> Vec<String> {
        self.recent
            .with_keys(self.hasher.keys(partial), self.now().monotonic)
    }

    /// Returns the ids of the records that this process wrote lately.
    pub(crate) fn recently_written(&self) -> Vec<String> {
        self.recent.all_written_here(self.now().monotonic)
    }

    /// The record as AWS has described it just now.
    fn described(&self, entry: &Arc<StoredRecord>, answered: Moment) -> Version {
        Version::new(entry.clone(), self.time_to_live, answered)
    }
}

fn entry_of(version: &Version) -> Arc<StoredRecord> {
    version.entry.clone()
}

#[cfg(test)]
mod tests;
