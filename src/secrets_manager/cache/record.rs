//! A record in the cache, and the answers that show its token.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::secrets_manager::cache::validity::Validity;
use crate::secrets_manager::format::stored_record::StoredRecord;

/// In more answers than these its token is not shown: they cost a look at the record.
const ANSWERS: usize = 16;

/// A record as it is known.
pub(crate) struct Record {
    pub(crate) entry: Arc<StoredRecord>,
    /// When AWS had answered: a call made before that may know less.
    pub(crate) answered: Instant,
    pub(crate) good: Validity,
    /// The questions whose answers show it; none once it is not what is known any more.
    shown_in: Mutex<Option<Vec<u64>>>,
}

impl Record {
    /// A record that AWS has just told of.
    pub(crate) fn new(entry: Arc<StoredRecord>, good: Validity, answered: Instant) -> Arc<Self> {
        Arc::new(Record {
            entry,
            answered,
            good,
            shown_in: Mutex::new(Some(Vec::new())),
        })
    }

    /// Has the answer to this question show the token, unless the record is known no more.
    pub(crate) fn show_in(&self, question: u64, show: impl FnOnce()) {
        // Held while it is shown: whoever hides it afterwards finds it on the list.
        let mut shown_in = self.shown_in.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(questions) = shown_in.as_mut() else {
            return;
        };
        if !questions.contains(&question) {
            if questions.len() == ANSWERS {
                return;
            }
            questions.push(question);
        }
        show();
    }

    /// Has no answer show the token from now on.
    pub(crate) fn hide(&self, hide: impl FnMut(u64)) {
        let mut shown_in = self.shown_in.lock().unwrap_or_else(PoisonError::into_inner);
        shown_in.take().into_iter().flatten().for_each(hide);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::testing::token;

    fn record() -> Arc<Record> {
        let entry = StoredRecord::just_read(token("id=1"));
        let good = Validity::new(SystemTime::now(), Duration::from_secs(60));
        Record::new(Arc::new(entry), good, Instant::now())
    }

    fn hidden(record: &Record) -> Vec<u64> {
        let mut questions = Vec::new();
        record.hide(|question| questions.push(question));
        questions
    }

    #[test]
    fn it_is_hidden_wherever_it_was_shown_and_then_shown_no_more() {
        let record = record();
        for question in [1, 2, 2] {
            record.show_in(question, || ());
        }
        assert_eq!(hidden(&record), [1, 2]);
        record.show_in(3, || panic!("it is known no more"));
        assert!(hidden(&record).is_empty());
    }

    #[test]
    fn nobody_can_hide_it_while_it_is_being_shown() {
        let record = record();
        record.show_in(1, || assert!(record.shown_in.try_lock().is_err()));
    }

    #[test]
    fn answers_that_show_it_have_a_bound() {
        let record = record();
        (0..100).for_each(|question| record.show_in(question, || ()));
        assert_eq!(hidden(&record).len(), ANSWERS);
    }
}
