//! What a process remembers of a record beside what is stored: a lease that it has seen, which access
//! tokens were refused, and one that could not be saved.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::replaced::{FORGET, Replaced};
use super::timing::Timing;
use crate::{Field, OAuthToken, matching};

/// The number of records that are remembered. If there are more, entries holding only leases and times
/// are evicted, which costs calls; if that is not enough, those with refused tokens as well. What could
/// not be saved is never dropped.
const RECORDS: usize = 10_000;

/// The records, by id.
#[derive(Debug, Default)]
pub(crate) struct States {
    records: Mutex<HashMap<String, State>>,
    /// How many of them have a refused or unsaved token: usually zero; read without a lock.
    special: AtomicUsize,
    /// When refused tokens were last looked through for those that count no more.
    cleaned: Mutex<Option<Instant>>,
    /// Access tokens are remembered by a hash: they are to be wiped from memory.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    seen: Option<(String, Instant)>,
    look_again: Option<Instant>,
    replaced: Replaced,
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

impl Unsaved {
    /// Whether Zoho issues the like again: not a refresh token that is new, nor what a grant token was
    /// exchanged for.
    pub(crate) fn can_be_obtained_again(&self) -> bool {
        let cannot = self.change.refresh_token().or(self.change.grant_token());
        cannot.is_none()
    }
}

impl State {
    fn is_special(&self) -> bool {
        self.replaced.has_refused() || self.unsaved.is_some()
    }
}

impl States {
    /// Whether the record has a refused or unsaved token.
    #[inline]
    pub(crate) fn is_special(&self, record: &OAuthToken) -> bool {
        self.any_is_special() && self.with_known(record, State::is_special)
    }

    #[inline]
    fn any_is_special(&self) -> bool {
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
        let token = self.hash(record);
        self.with(record.id().unwrap_or_default(), |state| {
            state.look_again = None;
            state.replaced.adopt(token, now);
        });
    }

    /// Notes an access token that was found, if another one of the record is to be replaced.
    pub(crate) fn found(&self, record: &OAuthToken, now: Instant) {
        if self.is_special(record) {
            self.adopted(record, now);
        }
    }

    /// Notes that Zoho has refused this access token. Returns whether it is to be replaced.
    /// `age` is how long ago Zoho has issued it.
    pub(crate) fn refuse(
        &self,
        record: &OAuthToken,
        age: Duration,
        timing: &Timing,
        now: Instant,
    ) -> bool {
        let token = self.hash(record);
        self.with(record.id().unwrap_or_default(), |state| {
            state.look_again = None;
            state.replaced.refuse(token, age, timing, now)
        })
    }

    /// Whether Zoho has refused the access token of this record.
    pub(crate) fn is_refused(&self, record: &OAuthToken) -> bool {
        self.any_is_special() && {
            let token = self.hash(record);
            self.with_known(record, |state| state.replaced.is_refused(token))
        }
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

    /// Notes that this is saved, or not to be saved any more.
    pub(crate) fn settled(&self, id: &str, settled: &Unsaved) {
        self.with(id, |state| {
            // Another refresh may have come meanwhile.
            let is_this = |unsaved: &mut Unsaved| unsaved.record == settled.record;
            state.unsaved.take_if(is_this);
        });
    }

    /// Returns all that could not be saved.
    pub(crate) fn all_unsaved(&self) -> Vec<Unsaved> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaved = records.values().filter_map(|state| state.unsaved.clone());
        unsaved.collect()
    }

    /// Returns the unsaved record that the partial token denotes, for when the store cannot be asked. It
    /// is equal in the strongest field that is given: by a weaker one, a record that is stored may be
    /// meant.
    pub(crate) fn unsaved_denoted_by(&self, partial: &OAuthToken) -> Option<OAuthToken> {
        if !self.any_is_special() {
            return None;
        }
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaved: Vec<_> = records
            .values()
            .filter_map(|state| Some(state.unsaved.as_ref()?.record.clone()))
            .collect();
        let strongest = match partial.id() {
            Some(_) => Field::Id,
            None => matching::identifying_fields(partial).next()?,
        };
        let (field, record) = matching::denoted(partial, &unsaved)?;
        (field == strongest).then(|| record.clone())
    }

    /// Forgets a record that is no longer stored.
    pub(crate) fn forget(&self, id: &str) {
        self.with(id, |state| *state = State::default());
    }

    /// A hash of the access token.
    fn hash(&self, record: &OAuthToken) -> u64 {
        self.hasher.hash_one(record.expose(Field::AccessToken))
    }

    /// What this tells of a record, or `false` if nothing is remembered of it.
    fn with_known(&self, record: &OAuthToken, tell: impl FnOnce(&State) -> bool) -> bool {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let state = records.get(record.id().unwrap_or_default());
        state.is_some_and(tell)
    }

    fn with<T>(&self, id: &str, change: impl FnOnce(&mut State) -> T) -> T {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        self.clean(&mut records, id);
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

    /// Forgets refused tokens of long ago, whose users may never come back, and makes room for this
    /// record.
    fn clean(&self, records: &mut HashMap<String, State>, id: &str) {
        let now = Instant::now();
        let is_full = records.len() >= RECORDS && !records.contains_key(id);
        let mut cleaned = self.cleaned.lock().unwrap_or_else(PoisonError::into_inner);
        let last = *cleaned.get_or_insert(now);
        if !is_full && now.saturating_duration_since(last) < FORGET {
            return;
        }
        *cleaned = Some(now);
        for state in records.values_mut() {
            if state.replaced.is_over(now) {
                state.replaced = Replaced::default();
            }
        }
        if is_full {
            records.retain(|_, state| state.is_special());
        }
        if is_full && records.len() >= RECORDS {
            records.retain(|_, state| state.unsaved.is_some());
        }
        let special = records.values().filter(|state| state.is_special()).count();
        self.special.store(special, Ordering::Release);
    }
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
        let (states, timing) = (States::default(), Timing::new(0));
        let (old, new) = (token("id=1 access_token=a"), token("id=1 access_token=b"));
        let minute = Duration::from_secs(60);
        assert!(!states.is_special(&old) && !states.is_refused(&old));
        assert!(states.refuse(&old, Duration::ZERO, &timing, Instant::now()));
        assert!(states.is_special(&old) && states.is_refused(&old) && !states.is_refused(&new));
        assert!(
            !states.is_special(&token("id=2 access_token=a")),
            "another record"
        );
        states.adopted(&old, Instant::now());
        assert!(states.is_refused(&old), "it is the same one");
        states.adopted(&new, Instant::now());
        assert!(!states.is_special(&old) && !states.is_refused(&old));
        assert!(!states.refuse(&new, Duration::ZERO, &timing, Instant::now()));
        tokio::time::advance(minute).await;
        states.adopted(&new, Instant::now());
        let is_young = !states.refuse(&new, Duration::ZERO, &timing, Instant::now());
        assert!(!is_young, "adopted before");
    }

    #[tokio::test(start_paused = true)]
    async fn no_token_is_kept_in_memory() {
        let states = States::default();
        let record = token("id=1 access_token=a");
        states.adopted(&record, Instant::now());
        states.refuse(&record, Duration::ZERO, &Timing::new(0), Instant::now());
        assert_eq!(record.clones(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn refused_tokens_of_users_who_do_not_come_back_are_forgotten() {
        let (states, timing) = (States::default(), Timing::new(0));
        let refuse = |id: usize| {
            let record = token(&format!("id={id} access_token=a"));
            assert!(states.refuse(&record, Duration::ZERO, &timing, Instant::now()));
            record
        };
        let special = || states.special.load(Ordering::Relaxed);
        for id in 0..2 * RECORDS {
            refuse(id);
            let kept = states.records.lock().unwrap().len();
            assert!(kept <= RECORDS && kept == special(), "{kept}");
        }
        tokio::time::advance(FORGET - Duration::from_secs(1)).await;
        let last = refuse(0);
        tokio::time::advance(Duration::from_secs(1)).await;
        states.look_again("other", None);
        assert!(states.is_refused(&last));
        assert_eq!(special(), 1, "all others are of long ago");
        tokio::time::advance(FORGET).await;
        states.look_again("other", None);
        assert_eq!(special(), 0, "a valid token is returned without a lock");
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
            Some(record.clone())
        );
        assert_eq!(states.unsaved_denoted_by(&token("user_name=v")), None);
        let nameless = Unsaved {
            base: token("id=2 access_token=c"),
            change: token("id=2 access_token=d"),
            record: token("id=2 access_token=d"),
        };
        states.keep_unsaved("2", Some(nameless));
        let stronger = token("user_name=v access_token=d");
        assert_eq!(states.unsaved_denoted_by(&stronger), None, "it may be of v");
        let denoted = states.unsaved_denoted_by(&token("access_token=d"));
        assert_eq!(denoted.unwrap().id(), Some("2"));
        states.keep_unsaved("2", None);
        states.keep_unsaved("1", None);
        assert!(!states.is_special(&record));
        assert!(states.records.lock().unwrap().len() <= RECORDS);
    }
}
