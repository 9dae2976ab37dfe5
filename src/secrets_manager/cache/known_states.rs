//! The last state that AWS has acknowledged or returned of each record, so that an older one is not
//! believed: "all Secrets Manager operations are eventually consistent".
//!
//! A state is known from an acknowledged write, or from a read that was believed. A later read may
//! not return an older state. The known state itself need not be current any more.

mod packed;

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LinkedHashMap;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use self::packed::{Packed, Packer};
use crate::secrets_manager::format::version_id;

/// The number of records whose state is remembered: those that this process has learned of last.
const RECORDS: usize = 50_000;

/// After this time, AWS is expected to return a state at least as new as one that it has
/// acknowledged or returned. Terraform's AWS provider waits two minutes for a new secret.
const CONSISTENT_AFTER: Duration = Duration::from_secs(120);

/// For this time, a state whose order is unknown counts as older than the known one.
const SETTLING_TIME: Duration = Duration::from_secs(5);

/// About 150 bytes a record. The lock is held for the time of one change, and by no hit in the cache.
pub(crate) struct KnownStates(Mutex<States>);

#[derive(Default)]
struct States {
    /// From the record that this process learned of first to the last one.
    by_key: LinkedHashMap<Key, Packed>,
    packer: Packer,
}

/// Which record it is: half of the SHA-256 of its id. One record must not be judged by the state of
/// another, and nobody can find two ids with the same half.
type Key = [u8; 16];

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

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    presence: Presence,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    /// The secret is marked for deletion, or gone.
    Gone,
    /// A deletion of this process found the secret gone. Which version was the last one, it did not
    /// learn.
    FoundGone,
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
        KnownStates(Mutex::default())
    }

    /// Returns whether a read that returned this state can be believed.
    pub(crate) fn judge(&self, id: &str, read: &State, now: Instant) -> Verdict {
        let key = key(id);
        let known = self.lock().known(id, &key);
        match known {
            Some(known) if known.is_unsettled(read, now) => Verdict::Unsettled,
            Some(known) if known.is_later_than(read, now) => Verdict::Older {
                arn: known.arn,
                version: known.version,
            },
            _ => Verdict::Believed,
        }
    }

    /// Remembers a state that was read and believed, unless a later state is known.
    pub(crate) fn learn(&self, id: &str, state: &State, now: Instant) {
        self.change(id, |known| match known {
            Some(known) if known.is_later_than(state, now) => None,
            known => Known::new(state, known, now),
        });
    }

    /// Remembers a version whose put AWS has acknowledged, unless a version that was put on top of it
    /// is known.
    pub(crate) fn written(&self, id: &str, state: &State, now: Instant) {
        self.change(id, |known| match known {
            Some(known) if known.follows(state) => None,
            known => Known::new(state, known, now),
        });
    }

    /// Remembers that a deletion has found the secret gone. Until reads have settled, no version is
    /// believed but one that this process writes.
    pub(crate) fn found_gone(&self, id: &str, now: Instant) {
        self.change(id, |known| {
            Some(Known {
                presence: Presence::FoundGone,
                arn: known.map_or_else(|| "".into(), |known| known.arn.clone()),
                version: known.map_or_else(|| "".into(), |known| known.version.clone()),
                created: known.and_then(|known| known.created),
                former_arn: known.and_then(|known| known.former_arn.clone()),
                since: now,
                learned: now,
            })
        });
    }

    /// Remembers a state even if it seems to be older than the known one, because AWS has acknowledged
    /// a deletion, or has proved that the state is current.
    pub(crate) fn accept(&self, id: &str, state: &State, now: Instant) {
        self.change(id, |known| Known::new(state, known, now));
    }

    /// Remembers what the function makes of what is known of the record.
    fn change(&self, id: &str, change: impl FnOnce(Option<&Known>) -> Option<Known>) {
        let key = key(id);
        let mut states = self.lock();
        let known = states.known(id, &key);
        if let Some(known) = change(known.as_ref()) {
            let packed = states.packer.pack(id, known);
            states.by_key.insert(key, packed);
            if states.by_key.len() > RECORDS {
                states.by_key.pop_front();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, States> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    fn known(&self, id: &str, key: &Key) -> Option<Known> {
        let packed = self.by_key.get(key)?;
        Some(self.packer.unpack(id, packed))
    }
}

fn key(id: &str) -> Key {
    let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
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
                let was_there = same_secret.filter(|before| !before.is_gone());
                Some(Known {
                    presence: Presence::There,
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
                presence: match before.presence {
                    Presence::There => Presence::Gone,
                    gone => gone,
                },
                since: match before.presence {
                    Presence::There => now,
                    Presence::Gone | Presence::FoundGone => before.since,
                },
                learned: now,
                ..before.clone()
            }),
        }
    }

    fn is_gone(&self) -> bool {
        self.presence != Presence::There
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
        let is_fresh = now.duration_since(self.since) < SETTLING_TIME;
        let is_unsettled = |arn: &Arc<str>| match self.presence {
            Presence::There => false,
            Presence::Gone => *arn != self.arn && self.former_arn.as_ref() != Some(arn),
            Presence::FoundGone => true,
        };
        matches!(read, State::Version { arn, .. } if is_fresh && is_unsettled(arn))
    }

    /// Whether this state is older than the known one.
    fn is_later_than(&self, read: &State, now: Instant) -> bool {
        let is_fresh = now.duration_since(self.learned) < SETTLING_TIME;
        match read {
            // A read can return the time before the secret was created or restored, but not for long.
            // Others may have deleted and restored it before the version that was learned.
            State::Gone => {
                let is_new = now.duration_since(self.since) < CONSISTENT_AFTER;
                !self.is_gone() && (is_fresh || is_new)
            }
            State::Version { arn, .. } if self.former_arn.as_ref() == Some(arn) => true,
            // A version of an earlier secret, or of one that has been created again.
            State::Version { arn, .. } if *arn != self.arn => is_fresh && !self.is_gone(),
            State::Version {
                version, created, ..
            } => match version_id::order(version, &self.version) {
                Some(Ordering::Less) => true,
                Some(Ordering::Greater) => false,
                // The last version before the deletion.
                Some(Ordering::Equal) => self.is_gone(),
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
