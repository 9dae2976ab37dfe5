//! The last state that AWS has acknowledged or returned of each record, so that an older one is not
//! believed: "all Secrets Manager operations are eventually consistent".
//!
//! A state is known from an acknowledged write, or from a read that was believed. A later read may
//! not return an older state. The known state itself need not be current any more.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use crate::secrets_manager::format::version_id;

/// The number of records whose state is remembered.
const RECORDS: u64 = 100_000;

/// After this time, AWS is expected to return a state at least as new as one that it has
/// acknowledged or returned. Terraform's AWS provider waits two minutes for a new secret.
const CONSISTENT_AFTER: Duration = Duration::from_secs(120);

/// For this time, a state whose order is unknown counts as older than the known one.
const SETTLING_TIME: Duration = Duration::from_secs(5);

pub(crate) struct KnownStates {
    states: Cache<Arc<str>, Arc<Known>>,
}

/// A state of a record's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The secret has this version, which is a record or a tombstone.
    Version {
        arn: Arc<str>,
        version: Arc<str>,
        /// When AWS made the version, if known.
        created: Option<SystemTime>,
    },
    /// The secret is marked for deletion, or gone.
    Gone,
}

#[derive(Clone, Debug)]
struct Known {
    state: State,
    /// The last version of the secret, even if the secret is gone.
    arn: Arc<str>,
    version: Arc<str>,
    /// AWS made the last version at this time or later.
    created: Option<SystemTime>,
    /// The ARN of the secret that had the name before.
    former_arn: Option<Arc<str>>,
    /// Since when this process knows the secret to exist, or to be gone.
    since: Instant,
    /// When this process last learned of a state.
    learned: Instant,
}

/// Whether a read can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The state may be current.
    Believed,
    /// The state is older than a known one, which has this secret and version.
    Older { arn: Arc<str>, version: Arc<str> },
}

impl KnownStates {
    pub(crate) fn new() -> Self {
        let states = Cache::builder()
            .max_capacity(RECORDS)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        KnownStates { states }
    }

    /// Returns whether a read that returned this state can be believed.
    pub(crate) fn judge(&self, id: &str, read: &State, now: Instant) -> Verdict {
        match self.states.get(id) {
            Some(known) if known.is_later_than(read, now) => Verdict::Older {
                arn: known.arn.clone(),
                version: known.version.clone(),
            },
            _ => Verdict::Believed,
        }
    }

    /// Remembers a state that was read and believed, unless a later state is known.
    pub(crate) fn learn(&self, id: &str, state: &State, now: Instant) {
        let entry = self.states.entry(id.into());
        entry.and_compute_with(|known| match known.map(|known| known.into_value()) {
            Some(known) if known.is_later_than(state, now) => Op::Nop,
            known => match Known::new(state, known.as_deref(), now) {
                Some(known) => Op::Put(Arc::new(known)),
                None => Op::Nop,
            },
        });
    }

    /// Remembers a version whose put AWS has acknowledged, unless a version that was put on top of it
    /// is known.
    pub(crate) fn written(&self, id: &str, state: &State, now: Instant) {
        let entry = self.states.entry(id.into());
        entry.and_compute_with(|known| {
            let known = known.map(|known| known.into_value());
            match known {
                Some(known) if known.follows(state) => Op::Nop,
                known => match Known::new(state, known.as_deref(), now) {
                    Some(known) => Op::Put(Arc::new(known)),
                    None => Op::Nop,
                },
            }
        });
    }

    /// Remembers a state even if it seems to be older than the known one, because AWS has acknowledged
    /// a deletion, or has proved that the state is current.
    pub(crate) fn accept(&self, id: &str, state: &State, now: Instant) {
        let entry = self.states.entry(id.into());
        entry.and_compute_with(|known| {
            let known = known.map(|known| known.into_value());
            match Known::new(state, known.as_deref(), now) {
                Some(known) => Op::Put(Arc::new(known)),
                None => Op::Nop,
            }
        });
    }
}

impl Known {
    fn new(state: &State, before: Option<&Known>, now: Instant) -> Option<Self> {
        match state {
            State::Version {
                arn,
                version,
                created,
            } => {
                let same_secret = before.filter(|before| before.arn == *arn);
                let was_there = same_secret.filter(|before| before.state != State::Gone);
                Some(Known {
                    state: state.clone(),
                    arn: arn.clone(),
                    version: version.clone(),
                    // A version that was put on top of another is not older than that one.
                    created: created.or(same_secret.and_then(|before| before.created)),
                    former_arn: match (same_secret, before) {
                        (Some(before), _) => before.former_arn.clone(),
                        (None, Some(before)) => Some(before.arn.clone()),
                        (None, None) => None,
                    },
                    since: was_there.map_or(now, |before| before.since),
                    learned: now,
                })
            }
            // A secret that never existed cannot come back.
            State::Gone => before.map(|before| Known {
                state: State::Gone,
                since: match before.state {
                    State::Gone => before.since,
                    State::Version { .. } => now,
                },
                learned: now,
                ..before.clone()
            }),
        }
    }

    /// Whether the known version was put on top of this one.
    fn follows(&self, state: &State) -> bool {
        match state {
            State::Gone => false,
            State::Version { arn, version, .. } => {
                let order = version_id::order(&self.version, version);
                self.arn == *arn && order == Some(Ordering::Greater)
            }
        }
    }

    /// Whether this state is older than the known one.
    fn is_later_than(&self, read: &State, now: Instant) -> bool {
        let is_fresh = now.duration_since(self.learned) < SETTLING_TIME;
        match read {
            State::Gone => match self.state {
                State::Gone => false,
                // A read can return the time before the secret was created or restored, but not for long.
                State::Version { .. } => now.duration_since(self.since) < CONSISTENT_AFTER,
            },
            State::Version { arn, .. } if self.former_arn.as_ref() == Some(arn) => true,
            // A version of an earlier secret, or of one that has been created again.
            State::Version { arn, .. } if *arn != self.arn => is_fresh && self.state != State::Gone,
            State::Version {
                version, created, ..
            } => match version_id::order(version, &self.version) {
                Some(Ordering::Less) => true,
                Some(Ordering::Greater) => false,
                // The last version before the deletion.
                Some(Ordering::Equal) => self.state == State::Gone,
                None => match (created, self.created) {
                    (Some(read), Some(known)) => *read < known,
                    _ => is_fresh,
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets_manager::format::version_id::successor;

    fn version(arn: &str, version: &str) -> State {
        State::Version {
            arn: arn.into(),
            version: version.into(),
            created: None,
        }
    }

    fn made_at(id: &str, second: u64) -> State {
        State::Version {
            arn: "a".into(),
            version: id.into(),
            created: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second)),
        }
    }

    /// Whether the last state is believed after the others were learned.
    fn is_believed(states: &[State]) -> bool {
        let (known, now) = (KnownStates::new(), Instant::now());
        let (read, learned) = states.split_last().unwrap();
        for state in learned {
            match state {
                State::Version { .. } => known.learn("1", state, now),
                State::Gone => known.accept("1", state, now),
            }
        }
        known.judge("1", read, now) == Verdict::Believed
    }

    #[test]
    fn an_older_version_is_not_believed_and_a_newer_one_is() {
        let second = successor("first");
        let third = successor(&second);
        let [first, second, third] = ["first", &second, &third].map(|id| version("a", id));
        assert!(!is_believed(&[second.clone(), first.clone()]));
        assert!(is_believed(&[second.clone(), second.clone()]));
        assert!(is_believed(&[second.clone(), third.clone()]));
        assert!(
            !is_believed(&[third, first.clone(), second]),
            "the latest counts"
        );
    }

    #[test]
    fn versions_of_other_programs_are_ordered_by_their_creation() {
        let on_top = version("a", &successor("later"));
        for known in [&[made_at("later", 9)][..], &[made_at("later", 9), on_top]] {
            let believed = |second| is_believed(&[known, &[made_at("other", second)]].concat());
            assert!(!believed(8));
            assert!(believed(9) && believed(10));
        }
    }

    #[test]
    fn not_found_is_not_believed_of_what_was_there_a_moment_ago() {
        let (known, now) = (KnownStates::new(), Instant::now());
        known.learn("1", &version("a", "first"), now);
        let later = now + CONSISTENT_AFTER;
        assert_ne!(known.judge("1", &State::Gone, now), Verdict::Believed);
        assert_eq!(known.judge("1", &State::Gone, later), Verdict::Believed);
        assert_eq!(known.judge("2", &State::Gone, now), Verdict::Believed);
    }

    #[test]
    fn what_was_deleted_is_believed_only_if_it_was_written_or_created_again() {
        let (first, tombstone) = (version("a", "first"), version("a", &successor("first")));
        let again = version("a", &successor(&successor("first")));
        let deleted = [first.clone(), tombstone.clone(), State::Gone];
        let believed =
            |read: &State| is_believed(&[&deleted[..], std::slice::from_ref(read)].concat());
        assert!(believed(&State::Gone));
        assert!(!believed(&first) && !believed(&tombstone));
        assert!(believed(&again) && believed(&version("b", "first")));
        let created_again = [&deleted[..], &[version("b", "new"), first]].concat();
        assert!(!is_believed(&created_again), "the secret before");
    }

    #[test]
    fn a_state_of_unknown_order_is_not_believed_until_reads_have_settled() {
        let (known, now) = (KnownStates::new(), Instant::now());
        known.learn("1", &version("b", "first"), now);
        for other in [version("a", "first"), version("b", "of another program")] {
            assert_ne!(known.judge("1", &other, now), Verdict::Believed);
            let later = now + SETTLING_TIME;
            assert_eq!(known.judge("1", &other, later), Verdict::Believed);
        }
    }

    #[test]
    fn an_accepted_state_replaces_a_later_one() {
        let (known, now) = (KnownStates::new(), Instant::now());
        let (first, second) = (version("a", "first"), version("a", &successor("first")));
        known.learn("1", &second, now);
        known.accept("1", &first, now);
        assert_eq!(known.judge("1", &first, now), Verdict::Believed);
    }
}
