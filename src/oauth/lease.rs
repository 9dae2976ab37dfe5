//! The lease by which processes agree on who refreshes a token: its text in the record, and what a
//! process does about the one that it finds. Pure functions.
//!
//! The text is `base:attempt:nonce:phase`. `base` is a digest of what is refreshed: a lease for
//! another token is void. `nonce` makes two leases of the same attempt different, so that of two
//! processes that put one at the same time, one is refused. The phase is `held`, `sending` (a grant
//! token is on its way to Zoho) or `failed:code:since`.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::timing::Timing;
use super::zoho::refusal::Refusal;
use crate::{Field, OAuthToken};

/// Clocks differ by at most this.
const CLOCK_SKEW: Duration = Duration::from_secs(600);

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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A process is about to ask Zoho, or has asked.
    Held,
    /// A process may have sent the grant token to Zoho.
    Sending,
    /// Zoho has issued no token, for the first time at this second since the Unix epoch.
    Failed { code: String, since: u64 },
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
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Lease {
    /// Reads the text in a record. A text that is malformed counts as none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let (base, attempt, nonce) = (parts.next()?, parts.next()?, parts.next()?);
        let mut phase = parts.next()?.split(':');
        let phase = match (phase.next()?, phase.next(), phase.next(), phase.next()) {
            ("held", None, None, None) => Phase::Held,
            ("sending", None, None, None) => Phase::Sending,
            ("failed", Some(code), Some(since), None) => Phase::Failed {
                code: code.to_owned(),
                since: since.parse().ok()?,
            },
            _ => return None,
        };
        let attempt = attempt.parse().ok().filter(|&attempt| attempt > 0)?;
        Some(Lease {
            base: base.to_owned(),
            attempt,
            nonce: nonce.to_owned(),
            phase,
        })
    }

    pub(crate) fn to_text(&self) -> String {
        let Lease {
            base,
            attempt,
            nonce,
            phase,
        } = self;
        match phase {
            Phase::Held => format!("{base}:{attempt}:{nonce}:held"),
            Phase::Sending => format!("{base}:{attempt}:{nonce}:sending"),
            Phase::Failed { code, since } => {
                format!("{base}:{attempt}:{nonce}:failed:{code}:{since}")
            }
        }
    }

    pub(crate) fn with_phase(&self, phase: Phase) -> Self {
        Lease {
            phase,
            ..self.clone()
        }
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

/// With what Zoho can be asked for another access token.
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
    /// Whether the caller wants Zoho to be asked although it was in vain, or may have been, before.
    pub(crate) insists: bool,
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
    /// Return Zoho's refusal, which another attempt has met.
    Fail(Refusal),
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
    match &lease.phase {
        Phase::Held | Phase::Sending => {
            let patience = timing.patience(lease.attempt);
            let is_over = view.seen_for >= patience || view.age >= patience + CLOCK_SKEW;
            match (is_over, &lease.phase) {
                (false, _) => meanwhile(Decision::Wait),
                (true, Phase::Sending) if view.means == Means::GrantToken && !view.insists => {
                    meanwhile(Decision::Unsettled)
                }
                (true, _) => acquire(next, true),
            }
        }
        Phase::Failed { code, .. } => {
            let refusal = Refusal::with_code(code);
            let pause = timing.pause_after(lease.attempt);
            let is_over = view.seen_for >= pause || view.age >= pause;
            if view.insists || (is_over && !refusal.is_final()) {
                return acquire(next, false);
            }
            meanwhile(Decision::Fail(refusal))
        }
    }
}

#[cfg(test)]
mod tests;
