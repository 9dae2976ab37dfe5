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
    /// When a deletion of this process found the secret gone. Which version was the last one, it did
    /// not learn.
    found_gone: Option<Instant>,
}

/// Whether a read can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The state may be current.
    Believed,
    /// The state is older than a known one, which has this secret and version.
    Older { arn: Arc<str>, version: Arc<str> },
    /// The state may be older than a deletion, and nothing tells.
    Unsettled,
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
            Some(known) if known.is_unsettled(read, now) => Verdict::Unsettled,
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

    /// Remembers that a deletion has found the secret gone. Until reads have settled, no version is
    /// believed but one that this process writes.
    pub(crate) fn found_gone(&self, id: &str, now: Instant) {
        let entry = self.states.entry(id.into());
        entry.and_compute_with(|known| {
            let known = known.map(|known| known.into_value());
            Op::Put(Arc::new(Known {
                state: State::Gone,
                arn: known
                    .as_ref()
                    .map_or_else(|| "".into(), |known| known.arn.clone()),
                version: known
                    .as_ref()
                    .map_or_else(|| "".into(), |known| known.version.clone()),
                created: known.as_ref().and_then(|known| known.created),
                former_arn: known.as_ref().and_then(|known| known.former_arn.clone()),
                since: now,
                learned: now,
                found_gone: Some(now),
            }))
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
                    found_gone: None,
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

    /// Whether this state may be older than the known deletion of the secret, and nothing tells: a
    /// deletion of this process found the secret gone and did not learn its last version, or the state
    /// is one of a secret that was created before the deleted one, or after it.
    fn is_unsettled(&self, read: &State, now: Instant) -> bool {
        let (State::Gone, State::Version { arn, .. }) = (&self.state, read) else {
            return false;
        };
        let is_fresh = |at: Instant| now.duration_since(at) < SETTLING_TIME;
        let is_another = *arn != self.arn && self.former_arn.as_ref() != Some(arn);
        self.found_gone.is_some_and(is_fresh) || (is_another && is_fresh(self.since))
    }

    /// Whether this state is older than the known one.
    fn is_later_than(&self, read: &State, now: Instant) -> bool {
        let is_fresh = now.duration_since(self.learned) < SETTLING_TIME;
        match read {
            State::Gone => match self.state {
                State::Gone => false,
                // A read can return the time before the secret was created or restored, but not for
                // long. Others may have deleted and restored it before the version that was learned.
                State::Version { .. } => {
                    is_fresh || now.duration_since(self.since) < CONSISTENT_AFTER
                }
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
mod tests;
