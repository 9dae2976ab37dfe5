//! What lookups have come to, by the hash of the question: a table of fixed size that is read
//! without a lock.
//!
//! An answer says which record it was, and outlives the record's versions. It also shows the token
//! itself while nothing newer is known, so that a hit reads nothing but this table.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;

use crate::Field;
use crate::secrets_manager::cache::counts::Counts;
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::cache::validity::Validity;

/// In so many places the answer to a question may be: from the one that its hash denotes on.
const WINDOW: usize = 8;

/// However many records are allowed, there are no more places than this, of 8 bytes each. An answer
/// that finds none displaces the oldest one in reach.
const MOST_PLACES: u64 = 1 << 20;

/// Answers by the hash of their question.
pub(crate) struct Answers {
    places: Box<[ArcSwapOption<Answer>]>,
    /// Held by whoever changes a place.
    changing: Mutex<()>,
}

/// A query as far as one of its fields, should that one decide: the fields given down to it, and the
/// client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) hash: u64,
    pub(crate) field: Field,
    /// While it is the same, nothing was written here that could change the answer.
    pub(crate) generation: Generation,
}

/// Which record a question denoted.
pub(crate) struct Answer {
    pub(crate) question: Question,
    /// The hash of the record's id.
    pub(crate) record: u64,
    pub(crate) good: Validity,
    pub(crate) shown: Option<Shown>,
}

/// A record's token, and when it is good as an answer.
pub(crate) struct Shown {
    pub(crate) token: Counts,
    pub(crate) good: Validity,
}

impl Answers {
    /// A table for so many answers: the next power of two.
    pub(crate) fn new(answers: u64) -> Self {
        let places = answers.min(MOST_PLACES).next_power_of_two();
        Answers {
            places: (0..places).map(|_| ArcSwapOption::empty()).collect(),
            changing: Mutex::new(()),
        }
    }

    /// What the function makes of the answer to this question, if there is one.
    pub(crate) fn read<T>(&self, question: u64, of: impl FnOnce(&Arc<Answer>) -> T) -> Option<T> {
        let mut answers = self.window(question).map(|place| place.load());
        let answer = answers.find(|answer| answers_it(answer, question))?;
        answer.as_ref().map(of)
    }

    /// Keeps an answer, in place of an earlier one to the same question.
    pub(crate) fn put(&self, answer: Answer) -> Arc<Answer> {
        let answer = Arc::new(answer);
        let _changing = self.changing();
        let place =
            self.window(answer.question.hash)
                .min_by_key(|place| match place.load().as_ref() {
                    Some(known) if known.question.hash == answer.question.hash => {
                        (0, SystemTime::UNIX_EPOCH)
                    }
                    None => (1, SystemTime::UNIX_EPOCH),
                    Some(known) => (2, known.good.from),
                });
        if let Some(place) = place {
            place.store(Some(answer.clone()));
        }
        answer
    }

    /// Shows the token in this answer, unless another one has taken its place.
    pub(crate) fn show(&self, answer: &Arc<Answer>, shown: Shown) {
        let is_it = |known: &Arc<Answer>| Arc::ptr_eq(known, answer);
        self.change(answer.question.hash, is_it, Some(shown));
    }

    /// Shows no token of this record in the answer to the question any more.
    pub(crate) fn hide(&self, question: u64, record: u64) {
        self.change(question, |known| known.record == record, None);
    }

    /// Changes what the answer to the question shows, if that is the one that is meant.
    fn change(
        &self,
        question: u64,
        is_meant: impl FnOnce(&Arc<Answer>) -> bool,
        shown: Option<Shown>,
    ) {
        let _changing = self.changing();
        let mut window = self.window(question);
        let place = window.find(|place| answers_it(&place.load(), question));
        let known = place.and_then(ArcSwapOption::load_full).filter(is_meant);
        if let (Some(place), Some(known)) = (place, known) {
            let Answer {
                question,
                record,
                good,
                ..
            } = *known;
            place.store(Some(Arc::new(Answer {
                question,
                record,
                good,
                shown,
            })));
        }
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The places for the answer to this question.
    fn window(&self, question: u64) -> impl Iterator<Item = &ArcSwapOption<Answer>> {
        // The upper bits: the lower ones of a hash are not all its own.
        let first = (question >> 32) as usize;
        let places = self.places.len();
        (first..first + WINDOW.min(places)).map(move |place| &self.places[place & (places - 1)])
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.places
            .iter()
            .filter(|place| place.load().is_some())
            .count()
    }
}

fn answers_it(answer: &Option<Arc<Answer>>, question: u64) -> bool {
    answer
        .as_ref()
        .is_some_and(|answer| answer.question.hash == question)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::token;

    fn answer(question: u64, record: u64, age: u64) -> Answer {
        let from = SystemTime::now() - Duration::from_secs(age);
        let question = Question {
            hash: question,
            field: Field::UserName,
            generation: Generation::default(),
        };
        Answer {
            question,
            record,
            good: Validity::new(from, Duration::from_secs(60)),
            shown: None,
        }
    }

    fn shown(columns: &str) -> Shown {
        let good = answer(0, 0, 0).good;
        let token = Counts::new(token(columns));
        Shown { token, good }
    }

    fn record_of(answers: &Answers, question: u64) -> Option<u64> {
        answers.read(question, |answer| answer.record)
    }

    fn shows(answers: &Answers, question: u64) -> bool {
        answers.read(question, |answer| answer.shown.is_some()) == Some(true)
    }

    #[test]
    fn of_two_answers_to_one_question_the_later_stays() {
        let answers = Answers::new(100);
        answers.put(answer(1, 10, 0));
        answers.put(answer(1, 11, 0));
        assert_eq!(record_of(&answers, 1), Some(11));
        assert_eq!((record_of(&answers, 2), answers.len()), (None, 1));
    }

    #[test]
    fn questions_with_the_same_place_stand_side_by_side_and_the_oldest_answer_goes() {
        let answers = Answers::new(100);
        let window = WINDOW as u64;
        for question in 0..window {
            answers.put(answer(
                question,
                question,
                if question == 5 { 9 } else { question },
            ));
        }
        assert!((0..window).all(|question| record_of(&answers, question) == Some(question)));
        answers.put(answer(window, window, 0));
        assert_eq!(record_of(&answers, 5), None);
        assert_eq!(record_of(&answers, window), Some(window));
        assert_eq!(answers.len(), WINDOW);
    }

    #[test]
    fn a_table_is_no_larger_than_it_may_be() {
        let sizes = [0, 1, 5, u64::MAX].map(|number| Answers::new(number).places.len() as u64);
        assert_eq!(sizes, [1, 1, 8, MOST_PLACES]);
        let answers = Answers::new(1);
        (0..9).for_each(|question| {
            answers.put(answer(question << 40, question, 0));
        });
        assert_eq!(record_of(&answers, 8 << 40), Some(8));
    }

    #[test]
    fn a_token_is_shown_in_the_answer_it_was_meant_for() {
        let answers = Answers::new(100);
        let first = answers.put(answer(1, 10, 0));
        answers.show(&first, shown("id=10"));
        assert!(shows(&answers, 1));
        answers.put(answer(1, 11, 0));
        answers.show(&first, shown("id=10"));
        assert!(!shows(&answers, 1), "that was the answer before");
    }

    #[test]
    fn a_record_that_is_hidden_leaves_the_answer_and_other_records_alone() {
        let answers = Answers::new(100);
        let known = answers.put(answer(1, 10, 0));
        answers.show(&known, shown("id=10"));
        answers.hide(1, 11);
        assert!(shows(&answers, 1));
        answers.hide(1, 10);
        assert!(!shows(&answers, 1));
        assert_eq!(record_of(&answers, 1), Some(10));
    }
}
