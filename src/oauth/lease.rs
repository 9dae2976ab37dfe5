//! The lease by which processes agree on who refreshes a token: its text in the record, and what a
//! process does about the one that it finds. Pure functions.
//!
//! The text is `base:attempt:nonce:phase`. `base` is a digest of what is refreshed: a lease for
//! another token is void, apart from the grant tokens that it names. `nonce` makes two leases of the same attempt different, so that of two
//! processes that put one at the same time, one is refused. `text` has the phases.

mod text;

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::timing::Timing;
use super::zoho::refusal::Refusal;
use crate::{Field, OAuthToken, RecordVersion};

/// Clocks differ by at most this.
const CLOCK_SKEW: Duration = Duration::from_secs(600);

/// A lease names the last grant tokens that may have been sent, at most so many. Zoho accepts none
/// that is older than minutes.
const GRANTS: usize = 4;

/// The fields that a lease is for.
const BASE: &[Field] = &[
    Field::Id,
    Field::AccessToken,
    Field::ExpiryTime,
    Field::RefreshToken,
    Field::GrantToken,
    Field::ClientId,
    Field::ClientSecret,
];

/// A lease in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) base: String,
    /// The number of this attempt to refresh the same token, from 1.
    pub(crate) attempt: u32,
    pub(crate) nonce: String,
    pub(crate) phase: Phase,
    /// Digests of grant tokens that may have been sent to Zoho, and whose tokens were not saved.
    pub(crate) sent: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A process is about to ask Zoho, or has asked.
    Held,
    /// A process may have sent a grant token to Zoho.
    Sending,
    /// Zoho has issued no token.
    Failed(Note),
    /// Nobody has a lease. The text only tells of grant tokens that may have been sent.
    Free,
}

/// What is noted of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) code: String,
    /// When Zoho refused first, in seconds since the Unix epoch.
    pub(crate) since: u64,
    /// A digest of the URL of the accounts server that refused. Older notes have none.
    pub(crate) server: Option<String>,
}

/// Returns the digest of what a lease for this record is for.
pub(crate) fn base_of(record: &OAuthToken) -> String {
    let mut digest = Sha256::new();
    for &field in BASE {
        // With its length, and different from an absent one.
        match record.expose(field) {
            None => digest.update([0]),
            Some(value) => {
                digest.update([1]);
                digest.update((value.len() as u64).to_be_bytes());
                digest.update(value);
            }
        }
    }
    let bytes: [u8; 32] = digest.finalize().into();
    hex(&bytes)
}

/// Returns a short digest of a grant token, which cannot be learned from it, or of a server's URL.
pub(crate) fn digest_of(value: &str) -> String {
    let bytes: [u8; 32] = Sha256::digest(value).into();
    hex(&bytes[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Lease {
    /// What is left of a lease for this record when nobody has it: the grant tokens that may have been
    /// sent. Returns `None` if there are none.
    pub(crate) fn free(record: &OAuthToken, sent: Vec<String>) -> Option<Self> {
        let is_any = !sent.is_empty();
        is_any.then(|| Lease {
            base: base_of(record),
            attempt: 1,
            nonce: "0".to_owned(),
            phase: Phase::Free,
            sent,
        })
    }

    /// The lease of a record, if it is for the record as it is. Of another one, the grant tokens count
    /// that may have been sent: saves of access tokens from elsewhere are no answer to them.
    pub(crate) fn of(version: &RecordVersion) -> Option<Self> {
        let lease = Lease::parse(version.lease()?)?;
        match lease.base == base_of(version.token()) {
            true => Some(lease),
            false => Lease::free(version.token(), lease.sent),
        }
    }

    /// The same when a grant token with this digest is about to be sent.
    pub(crate) fn sending(&self, grant: Option<String>) -> Self {
        let mut lease = self.clone();
        lease.phase = Phase::Sending;
        if let Some(grant) = grant.filter(|grant| !lease.sent.contains(grant)) {
            let too_many = (lease.sent.len() + 1).saturating_sub(GRANTS);
            lease.sent.drain(..too_many);
            lease.sent.push(grant);
        }
        lease
    }
}

/// How good the access token of a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It need not be refreshed yet.
    Good,
    /// It is to be refreshed, and can be used meanwhile.
    Usable,
    /// There is none, or it cannot be used.
    Unusable,
}

/// The credential that can obtain an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    RefreshToken,
    GrantToken,
    Nothing,
}

/// What a process knows of a record when it decides.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) standing: Standing,
    pub(crate) means: Means,
    /// The lease, if it is for this record as it is.
    pub(crate) lease: Option<Lease>,
    /// Whether the lease is this process's own, and nothing has been sent to Zoho under it.
    pub(crate) is_own: bool,
    /// For how long this process has seen this lease, by its monotonic clock.
    pub(crate) seen_for: Duration,
    /// How old the version is, by two clocks.
    pub(crate) age: Duration,
    /// Whether Zoho is asked even if an earlier attempt failed or may have failed.
    pub(crate) insists: bool,
    /// Whether this grant token may have been sent to Zoho by an earlier attempt.
    pub(crate) may_be_sent: bool,
    /// A digest of the URL of the accounts server that would be asked.
    pub(crate) server: Option<String>,
}

/// What a process does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Return the access token.
    Return,
    /// Return the access token, and look again after this time.
    ReturnMeanwhile(Duration),
    /// Put a lease, and ask Zoho.
    Acquire { attempt: u32, takes_over: bool },
    /// Wait for the process that has the lease.
    Wait,
    /// Return Zoho's refusal that an earlier attempt received.
    Fail(Refusal),
    /// Return that another accounts server has refused, and that this one is asked later.
    FailElsewhere(Refusal),
    /// Return that nobody knows whether the grant token is used up.
    Unsettled,
    /// Return that somebody has to log in.
    LogIn,
}

/// Decides what to do about a record that was read.
pub(crate) fn decide(view: &View, timing: &Timing) -> Decision {
    use Standing::{Good, Unusable, Usable};
    let acquire = |attempt, takes_over| Decision::Acquire {
        attempt,
        takes_over,
    };
    let meanwhile = |otherwise| match view.standing {
        Usable => Decision::ReturnMeanwhile(timing.lease),
        Good | Unusable => otherwise,
    };
    if view.standing == Good {
        return Decision::Return;
    }
    if view.means == Means::Nothing {
        return meanwhile(Decision::LogIn);
    }
    let Some(lease) = &view.lease else {
        return acquire(1, false);
    };
    if view.is_own {
        return acquire(lease.attempt, false);
    }
    let next = lease.attempt.saturating_add(1);
    let is_unsettled = view.may_be_sent && !view.insists;
    match &lease.phase {
        Phase::Free if is_unsettled => meanwhile(Decision::Unsettled),
        Phase::Free => acquire(1, false),
        Phase::Held | Phase::Sending => {
            let patience = timing.patience(lease.attempt);
            let is_over = view.seen_for >= patience || view.age >= patience + CLOCK_SKEW;
            match is_over {
                false => meanwhile(Decision::Wait),
                true if is_unsettled => meanwhile(Decision::Unsettled),
                true => acquire(next, true),
            }
        }
        Phase::Failed(_) if is_unsettled => meanwhile(Decision::Unsettled),
        Phase::Failed(note) => {
            let refusal = Refusal::with_code(&note.code);
            // Another accounts server may accept what this one would refuse.
            let is_elsewhere = note.is_elsewhere(view.server.as_deref());
            let pause = timing.pause_after(lease.attempt);
            let is_over = view.seen_for >= pause || view.age >= pause;
            if view.insists || (is_over && (!refusal.is_final() || is_elsewhere)) {
                return acquire(next, false);
            }
            meanwhile(match refusal.is_final() && is_elsewhere {
                true => Decision::FailElsewhere(refusal),
                false => Decision::Fail(refusal),
            })
        }
    }
}

impl Note {
    /// Whether it is of another accounts server than this one.
    pub(crate) fn is_elsewhere(&self, server: Option<&str>) -> bool {
        let noted = self.server.as_deref();
        noted.is_some_and(|noted| server.is_some_and(|server| noted != server))
    }
}

#[cfg(test)]
mod tests;
