//! What the cache keeps: records by the hash of their id, and answers that show their tokens.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::OAuthToken;
use crate::secrets_manager::cache::answers::{Answer, Answers, Question, Shown};
use crate::secrets_manager::cache::bounded::{Bounded, Bounds};
use crate::secrets_manager::cache::counts::Counts;
use crate::secrets_manager::cache::record::Record;
use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::format::stored_record::StoredRecord;

/// The same record may be asked for in several ways.
pub(crate) const ANSWERS_PER_RECORD: u64 = 4;

/// Of 256 hits so many tell moka that their record is in use, for moka to keep it. Telling takes
/// longer than the hit.
const HITS_TOLD: u8 = 8;

/// What a record takes beside its own bytes, and an answer: their places in tables and queues. As
/// measured (`make bench`), rounded up.
const RECORD_PLACE: u64 = 160;
const ANSWER_PLACE: u64 = 160;

/// No record takes less.
const LEAST_WEIGHT: u64 =
    size_of::<StoredRecord>() as u64 + RECORD_PLACE + ANSWERS_PER_RECORD * ANSWER_PLACE;

/// How many bytes a record takes, with its places and the answers that may lead to it.
pub(crate) fn weight(entry: &StoredRecord) -> u64 {
    entry.size() as u64 + RECORD_PLACE + ANSWERS_PER_RECORD * ANSWER_PLACE
}

pub(crate) struct Kept {
    pub(crate) records: Bounded<Arc<Record>>,
    pub(crate) answers: Arc<Answers>,
}

impl Kept {
    /// Room for records within these bounds, none if one of them is zero, each for so long at most.
    pub(crate) fn new(bounds: Bounds, kept_for: Duration) -> Option<Self> {
        let records = bounds.entries.min(bounds.bytes / LEAST_WEIGHT);
        if records == 0 {
            return None;
        }
        let answers = Arc::new(Answers::new(records.saturating_mul(ANSWERS_PER_RECORD)));
        let weigh = |record: &Arc<Record>| weight(&record.entry);
        // What is not known any more is shown no more: nobody finds first what has taken its place,
        // and then what was before.
        let shown = answers.clone();
        let gone = move |hash, record: Arc<Record>| {
            record.hide(|question| shown.hide(question, hash));
        };
        Some(Kept {
            records: Bounded::new(bounds, kept_for, weigh, gone),
            answers,
        })
    }

    /// The token that the answer to this question shows, if it may be relied on; none if there is no
    /// answer at all.
    pub(crate) fn shown(
        &self,
        question: Question,
        now: SystemTime,
        is_meant: impl FnOnce(&OAuthToken) -> bool,
    ) -> Option<Option<OAuthToken>> {
        let shown = self.answers.read(question.hash, |answer| {
            let shown = answer.shown.as_ref()?;
            let token = shown.token.token();
            let holds = answer.question == question && shown.good.has(now) && is_meant(token);
            holds.then(|| (answer.record, token.clone()))
        })?;
        Some(shown.map(|(record, token)| {
            if fastrand::u8(..) < HITS_TOLD {
                self.records.get(record);
            }
            token
        }))
    }

    /// Keeps which record a question denoted.
    pub(crate) fn answered(&self, question: Question, record: u64, good: Validity) -> Arc<Answer> {
        self.answers.put(Answer {
            question,
            record,
            good,
            shown: None,
        })
    }

    /// Has the answer show the token of the record.
    pub(crate) fn show(&self, answer: &Arc<Answer>, record: &Record) {
        record.show_in(answer.question.hash, || {
            let shown = Shown {
                token: Counts::new(record.entry.token.clone()),
                good: answer.good.and(record.good),
            };
            self.answers.show(answer, shown);
        });
    }
}
