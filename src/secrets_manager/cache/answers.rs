//! Answers: which record a query denoted, by the hash of the query.
//!
//! An answer holds as long as nothing was written here that could change it. It also leads to the
//! version of the record that was kept when it was last used, so that a hit reads nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use moka::ops::compute::Op;
use tokio::time::Instant;

use crate::clock::Moment;
use crate::secrets_manager::cache::bounded::Bounded;
use crate::secrets_manager::cache::generations::{Generation, Generations};
use crate::secrets_manager::cache::hash::{KeyedHasher, combined};
use crate::secrets_manager::cache::records::Version;
use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::{Field, OAuthToken, matching};

/// A record can be found in several ways.
pub(super) const ANSWERS_PER_RECORD: u64 = 4;

pub(super) struct Answers {
    /// None if the cache is off.
    kept: Option<Bounded<Arc<Answer>>>,
    /// Of lookup keys: ended when a record is written that has newly come to have the key.
    generations: Generations,
    started: Instant,
}

/// A query as far as one of its fields, in case that this one decides: the fields given down to it,
/// and the client.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) hash: u64,
    pub(super) field: Field,
    /// Of all its keys together.
    pub(super) generation: Generation,
}

/// Which record a question denoted.
pub(super) struct Answer {
    field: Field,
    generation: Generation,
    /// The hash of the record's id.
    pub(super) record: u64,
    good: Validity,
    seen: Option<Seen>,
    /// In which second since the start the record was last reported to be in use.
    reported: AtomicU64,
}

/// The version of the record that was kept when the answer was used.
struct Seen {
    entry: Weak<StoredRecord>,
    kept: Generation,
    /// When both the answer and the version are good.
    good: Validity,
}

impl Answers {
    /// Room for so many answers, none if the cache is off, each kept for at most this long.
    pub(super) fn new(answers: Option<u64>, kept_for: Duration, now: Moment) -> Self {
        Answers {
            kept: answers.map(|answers| Bounded::of_values(answers, kept_for)),
            generations: Generations::new(),
            started: now.monotonic,
        }
    }

    /// The query by its strongest field alone, up to all of them.
    pub(super) fn questions(
        &self,
        hasher: &KeyedHasher,
        partial: &OAuthToken,
    ) -> impl Iterator<Item = Question> {
        let mut hash = partial.client_id().map_or(0, |client| hasher.of(client));
        let mut generation = Generation::default();
        matching::identifying_fields(partial).map(move |field| {
            let key = hasher.key(partial, field);
            generation = generation.and(self.generations.of(key));
            hash = combined(hash, key);
            Question {
                hash,
                field,
                generation,
            }
        })
    }

    /// Ends the answers to questions with this key.
    pub(super) fn end(&self, key: u64) {
        self.generations.end(key);
    }

    /// The answer to this question, whether it still holds or not.
    pub(super) fn get(&self, question: &Question) -> Option<Arc<Answer>> {
        let answer = self.kept.as_ref()?.get(question.hash)?;
        (answer.field == question.field).then_some(answer)
    }

    /// Keeps which record a question denoted.
    pub(super) fn put(&self, question: &Question, record: u64, good: Validity) {
        let Some(kept) = &self.kept else { return };
        let answer = Answer {
            field: question.field,
            generation: question.generation,
            record,
            good,
            seen: None,
            reported: AtomicU64::new(u64::MAX),
        };
        kept.change(question.hash, |_| Op::Put(Arc::new(answer)));
    }

    /// Notes in an answer the version that it leads to, unless there is another answer by now.
    pub(super) fn note(
        &self,
        question: &Question,
        answer: &Arc<Answer>,
        version: &Version,
        kept_generation: Generation,
    ) {
        let Some(kept) = &self.kept else { return };
        let seen = Seen {
            entry: Arc::downgrade(&version.entry),
            kept: kept_generation,
            good: answer.good.and(version.good),
        };
        let noted = Answer {
            seen: Some(seen),
            reported: AtomicU64::new(answer.reported.load(Ordering::Relaxed)),
            ..**answer
        };
        kept.change(question.hash, |known| match known {
            Some(known) if Arc::ptr_eq(&known, answer) => Op::Put(Arc::new(noted)),
            _ => Op::Nop,
        });
    }

    /// Whether it is time to report that the record of this answer is in use: once a second.
    pub(super) fn is_report_due(&self, answer: &Answer, now: Moment) -> bool {
        let second = now.monotonic.duration_since(self.started).as_secs();
        answer.reported.load(Ordering::Relaxed) != second
            && answer.reported.swap(second, Ordering::Relaxed) != second
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.kept.as_ref().map_or(0, Bounded::len)
    }
}

impl Answer {
    /// Returns the version that was noted, if it is still the one that is kept, and both hold.
    pub(super) fn seen(
        &self,
        question: &Question,
        kept: Generation,
        now: Moment,
    ) -> Option<Arc<StoredRecord>> {
        let seen = self.seen.as_ref()?;
        let holds = self.generation == question.generation && seen.kept == kept;
        (holds && seen.good.has(now)).then(|| seen.entry.upgrade())?
    }

    /// Whether the answer and this version hold.
    pub(super) fn holds(&self, question: &Question, version: &Version, now: Moment) -> bool {
        self.generation == question.generation && self.good.has(now) && version.good.has(now)
    }
}
