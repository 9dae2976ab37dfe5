//! Answers: which record a query denoted, by the hash of the query.
//!
//! An answer holds until this process writes something that could change it. It also refers to the
//! version of the record that was cached when it was last used, so that a hit reads only one map.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::ops::compute::Op;
use tokio::time::Instant;

use crate::clock::Moment;
use crate::secrets_manager::cache::bounded::Bounded;
use crate::secrets_manager::cache::generations::{Generation, Generations};
use crate::secrets_manager::cache::hash::{KeyedHasher, combined};
use crate::secrets_manager::cache::records::Version;
use crate::secrets_manager::cache::validity::Validity;
use crate::token::WeakToken;
use crate::{Field, OAuthToken, matching};

/// How many answers there is room for, for each record: one for each way to find it.
pub(super) const ANSWERS_PER_RECORD: u64 = 4;

pub(super) struct Answers {
    /// `None` if the cache is off.
    kept: Option<Bounded<Arc<Answer>>>,
    /// The generations of lookup keys. One ends when a record is written that did not have the key
    /// before.
    generations: Generations,
    started: Instant,
}

/// A query up to one of its fields, which decides: the given fields from the strongest down to this
/// one, and the client.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) hash: u64,
    pub(super) field: Field,
    /// The generation of all its keys together.
    pub(super) generation: Generation,
}

/// Which record a question denotes.
pub(super) struct Answer {
    field: Field,
    generation: Generation,
    /// The hash of the record's id.
    pub(super) record: u64,
    good: Validity,
    seen: Option<Seen>,
    /// When the record was last reported to be in use, in seconds since the start.
    reported: AtomicU64,
}

/// The version of the record that was cached when the answer was last used.
struct Seen {
    token: WeakToken,
    kept: Generation,
    /// While both the answer and the version are valid.
    good: Validity,
}

impl Answers {
    /// Returns a map for at most this many answers, each kept for at most this long; `None` if the
    /// cache is off.
    pub(super) fn new(answers: Option<u64>, kept_for: Duration, now: Moment) -> Self {
        Answers {
            kept: answers.map(|answers| Bounded::of_values(answers, kept_for)),
            generations: Generations::new(),
            started: now.monotonic,
        }
    }

    /// The questions of a query: up to its strongest field, up to the next one, and so on.
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

    /// Ends the answers to all questions with this key.
    pub(super) fn end(&self, key: u64) {
        self.generations.end(key);
    }

    /// Returns the answer to this question, whether or not it still holds.
    pub(super) fn get(&self, question: &Question) -> Option<Arc<Answer>> {
        let answer = self.kept.as_ref()?.get(question.hash)?;
        (answer.field == question.field).then_some(answer)
    }

    /// Stores which record a question denotes.
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

    /// Makes an answer refer to this version, unless it has been replaced.
    pub(super) fn note(
        &self,
        question: &Question,
        answer: &Arc<Answer>,
        version: &Version,
        kept_generation: Generation,
    ) {
        let Some(kept) = &self.kept else { return };
        let seen = Seen {
            token: version.token.downgrade(),
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

    /// Whether to report that the record of this answer is in use, which is done once a second.
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
    /// Returns the token of the version that was noted, if it is still the one that is kept, and both
    /// hold.
    pub(super) fn seen(
        &self,
        question: &Question,
        kept: Generation,
        now: Moment,
    ) -> Option<OAuthToken> {
        let seen = self.seen.as_ref()?;
        let holds = self.generation == question.generation && seen.kept == kept;
        (holds && seen.good.has(now)).then(|| seen.token.upgrade())?
    }

    /// Whether the answer and this version hold.
    pub(super) fn holds(&self, question: &Question, version: &Version, now: Moment) -> bool {
        self.generation == question.generation && self.good.has(now) && version.good.has(now)
    }
}
