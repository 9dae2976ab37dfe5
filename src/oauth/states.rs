//! What a process remembers of a record beside what is stored: a lease that it has seen, an access
//! token that was refused, and one that could not be saved.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Field, OAuthToken, matching};

/// The number of records that are remembered. If there are more, those are forgotten of which only
/// leases and times are known: that costs calls.
const RECORDS: usize = 10_000;

/// The records, by id.
#[derive(Debug, Default)]
pub(crate) struct States {
    records: Mutex<HashMap<String, State>>,
    /// How many of them have a refused or unsaved token: usually none, which costs no lock to learn.
    special: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    seen: Option<(String, Instant)>,
    look_again: Option<Instant>,
    adopted: Option<(OAuthToken, Instant)>,
    refused: Option<OAuthToken>,
    unsaved: Option<Unsaved>,
}

/// What Zoho has issued and the store does not have yet.
#[derive(Clone, Debug)]
pub(crate) struct Unsaved {
    /// The record that Zoho was asked with.
    pub(crate) base: OAuthToken,
    /// What is to be changed in it.
    pub(crate) change: OAuthToken,
    /// The whole record after that.
    pub(crate) record: OAuthToken,
}

impl State {
    fn is_special(&self) -> bool {
        self.refused.is_some() || self.unsaved.is_some()
    }
}

impl States {
    /// Whether any record has a refused or unsaved token.
    pub(crate) fn any_is_special(&self) -> bool {
        self.special.load(Ordering::Acquire) > 0
    }

    /// Returns for how long this lease has been seen on the record.
    pub(crate) fn seen_for(&self, id: &str, lease: Option<&str>, now: Instant) -> Duration {
        self.with(id, |state| match (&state.seen, lease) {
            (Some((known, since)), Some(lease)) if known == lease => {
                now.saturating_duration_since(*since)
            }
            _ => {
                state.seen = lease.map(|lease| (lease.to_owned(), now));
                Duration::ZERO
            }
        })
    }

    /// Whether the record need not be looked at before the time that was set.
    pub(crate) fn rests(&self, id: &str, now: Instant) -> bool {
        self.with(id, |state| state.look_again.is_some_and(|time| now < time))
    }

    /// Sets when the record is looked at again.
    pub(crate) fn look_again(&self, id: &str, time: Option<Instant>) {
        self.with(id, |state| state.look_again = time);
    }

    /// Notes an access token that was found or obtained in place of another one.
    pub(crate) fn adopted(&self, record: &OAuthToken, now: Instant) {
        let id = record.id().unwrap_or_default();
        self.with(id, |state| {
            state.look_again = None;
            if !state
                .refused
                .as_ref()
                .is_some_and(|refused| is_same(refused, record))
            {
                state.refused = None;
            }
            if !state
                .adopted
                .as_ref()
                .is_some_and(|(known, _)| is_same(known, record))
            {
                state.adopted = Some((record.clone(), now));
            }
        });
    }

    /// Whether an access token was adopted within this time.
    pub(crate) fn is_young(&self, record: &OAuthToken, within: Duration, now: Instant) -> bool {
        let id = record.id().unwrap_or_default();
        self.with(id, |state| {
            state.adopted.as_ref().is_some_and(|(known, since)| {
                is_same(known, record) && now.saturating_duration_since(*since) < within
            })
        })
    }

    /// Notes that Zoho has refused this access token.
    pub(crate) fn refuse(&self, record: &OAuthToken) {
        let id = record.id().unwrap_or_default();
        self.with(id, |state| {
            state.refused = Some(record.clone());
            state.look_again = None;
        });
    }

    /// Whether Zoho has refused the access token of this record.
    pub(crate) fn is_refused(&self, record: &OAuthToken) -> bool {
        let id = record.id().unwrap_or_default();
        self.any_is_special()
            && self.with(id, |state| {
                let refused = state.refused.as_ref();
                refused.is_some_and(|refused| is_same(refused, record))
            })
    }

    /// Notes what could not be saved.
    pub(crate) fn keep_unsaved(&self, id: &str, unsaved: Option<Unsaved>) {
        self.with(id, |state| state.unsaved = unsaved);
    }

    pub(crate) fn unsaved(&self, id: &str) -> Option<Unsaved> {
        match self.any_is_special() {
            true => self.with(id, |state| state.unsaved.clone()),
            false => None,
        }
    }

    /// Returns the unsaved record that the partial token denotes, for when the store cannot be asked.
    pub(crate) fn unsaved_denoted_by(&self, partial: &OAuthToken) -> Option<OAuthToken> {
        if !self.any_is_special() {
            return None;
        }
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaved: Vec<_> = records
            .values()
            .filter_map(|state| Some(state.unsaved.as_ref()?.record.clone()))
            .collect();
        matching::denoted(partial, &unsaved).map(|(_, record)| record.clone())
    }

    /// Forgets a record that is no longer stored.
    pub(crate) fn forget(&self, id: &str) {
        self.with(id, |state| *state = State::default());
    }

    fn with<T>(&self, id: &str, change: impl FnOnce(&mut State) -> T) -> T {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= RECORDS && !records.contains_key(id) {
            records.retain(|_, state| state.is_special());
        }
        let state = records.entry(id.to_owned()).or_default();
        let was_special = state.is_special();
        let result = change(state);
        match (was_special, state.is_special()) {
            (false, true) => self.special.fetch_add(1, Ordering::Release),
            (true, false) => self.special.fetch_sub(1, Ordering::Release),
            _ => 0,
        };
        result
    }
}

/// Whether two records have the same access token.
fn is_same(one: &OAuthToken, other: &OAuthToken) -> bool {
    one.expose(Field::AccessToken) == other.expose(Field::AccessToken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_seen_since_it_was_first_seen() {
        let states = States::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let seen = |lease, second| states.seen_for("1", lease, at(second)).as_secs();
        assert_eq!(seen(Some("a"), 0), 0);
        assert_eq!(seen(Some("a"), 5), 5);
        assert_eq!(seen(Some("b"), 6), 0);
        assert_eq!(seen(Some("a"), 7), 0);
        assert_eq!(seen(None, 8), 0);
        assert_eq!(seen(Some("a"), 9), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_refused_until_another_one_is_adopted() {
        let states = States::default();
        let (old, new) = (token("id=1 access_token=a"), token("id=1 access_token=b"));
        let minute = Duration::from_secs(60);
        assert!(!states.any_is_special() && !states.is_refused(&old));
        states.refuse(&old);
        assert!(states.any_is_special() && states.is_refused(&old) && !states.is_refused(&new));
        states.adopted(&old, Instant::now());
        assert!(states.is_refused(&old), "it is the same one");
        states.adopted(&new, Instant::now());
        assert!(!states.any_is_special() && !states.is_refused(&old));
        assert!(states.is_young(&new, minute, Instant::now()));
        assert!(!states.is_young(&old, minute, Instant::now()));
        tokio::time::advance(minute).await;
        states.adopted(&new, Instant::now());
        assert!(
            !states.is_young(&new, minute, Instant::now()),
            "adopted before"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_unsaved_can_be_found_and_is_never_dropped() {
        let states = States::default();
        let record = token("id=1 user_name=u access_token=b");
        let unsaved = Unsaved {
            base: token("id=1 user_name=u access_token=a"),
            change: token("id=1 access_token=b"),
            record: record.clone(),
        };
        states.keep_unsaved("1", Some(unsaved));
        for id in 0..2 * RECORDS {
            states.look_again(&format!("other {id}"), Some(Instant::now()));
        }
        assert_eq!(states.unsaved("1").unwrap().record, record);
        assert_eq!(
            states.unsaved_denoted_by(&token("user_name=u")),
            Some(record)
        );
        assert_eq!(states.unsaved_denoted_by(&token("user_name=v")), None);
        states.keep_unsaved("1", None);
        assert!(!states.any_is_special());
        assert!(states.records.lock().unwrap().len() <= RECORDS);
    }
}
