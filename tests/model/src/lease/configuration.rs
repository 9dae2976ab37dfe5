//! What is explored: processes, the record at the beginning, how much may go wrong, and mutations
//! of the protocol.

use crate::lease::secret::{Content, Secret, Token};
use crate::lease::zoho::Zoho;

/// What a process wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An access token.
    Refresher,
    /// An access token, even if a grant token may have been sent already, or Zoho has refused before.
    Explicit,
    /// To exchange the grant token of a user who has tokens, and logs in again.
    Exchanger,
    /// To save an access token that it got elsewhere, without a lease.
    ForeignSave,
    /// To save a login, with a refresh token of its own.
    ForeignLogin,
    Deleter,
}

/// How often something may go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Faults {
    /// A process stops. Its call may still be executed.
    pub crashes: u8,
    /// AWS's answer to a call that was executed is lost, and the call is made again.
    pub lost: u8,
    /// Zoho's answer is lost, whether the request was executed or not.
    pub lost_by_zoho: u8,
    /// Zoho issues no token at the moment.
    pub unavailable: u8,
    /// A process gives up on a put, which may still be executed.
    pub failed: u8,
    /// A read shows an older version.
    pub stale: u8,
    /// A waiter does not wait for a process that is slow.
    pub impatient: u8,
}

/// Where the time is, before the expiry of the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// A process that has not drawn an early window takes the token for good.
    Early,
    /// The token is to be refreshed, and nobody waits for that.
    Usable,
    /// The token cannot be used any more.
    Unusable,
}

impl Stage {
    /// The next stage, which a process also sees whose clock is ahead, or who has drawn an early window.
    pub fn next(self) -> Option<Self> {
        match self {
            Stage::Early => Some(Stage::Usable),
            Stage::Usable => Some(Stage::Unusable),
            Stage::Unusable => None,
        }
    }
}

/// An error in the protocol, which must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Two leases of the same attempt have the same content.
    NoNonce,
    /// A put replaces whatever is current.
    NoCompareAndSwap,
    /// Zoho's answer is saved whatever the record holds by then.
    SaveWithoutCompare,
    /// A process that took long to get the lease asks Zoho all the same.
    NoStartCheck,
    /// A `sending` lease is taken over like a held one.
    TakeOverSending,
    /// A grant token is sent under a held lease.
    NoSending,
    /// Zoho's answer is saved over a tombstone.
    Revive,
    /// A process whose answer came second drops the refresh token in it.
    DropRotated,
    /// A process that cannot save drops its answer.
    DropUnsaved,
    /// That Zoho issues no token is not noted in the record.
    NoFailed,
    /// A process that refreshes the former tokens drops that the grant token may have been sent.
    ForgetSent,
    /// A process that tries again after a pause asks Zoho without a lease of its own.
    NoLeaseAfterNote,
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub processes: Vec<Kind>,
    /// The record has a grant token, and nothing else.
    pub has_grant: bool,
    /// Each refresh brings another refresh token, and ends the former one.
    pub rotates: bool,
    /// Zoho takes the refresh token.
    pub accepts: bool,
    /// Where the time is at the beginning.
    pub stage: Stage,
    /// Whether time passes to the next stages, and processes see it differently.
    pub time_passes: bool,
    /// Whether there may be only so many requests to Zoho.
    pub counts_requests: bool,
    pub faults: Faults,
    pub mutation: Option<Mutation>,
}

impl Setup {
    pub fn new(name: &'static str, processes: &[Kind]) -> Self {
        Setup {
            name,
            processes: processes.to_vec(),
            has_grant: false,
            rotates: false,
            accepts: true,
            stage: Stage::Unusable,
            time_passes: false,
            counts_requests: true,
            faults: Faults::default(),
            mutation: None,
        }
    }

    pub fn with(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    pub fn mutated(mut self, mutation: Mutation) -> Self {
        self.mutation = Some(mutation);
        self
    }

    pub fn has(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// One process that wants a token, with the same protocol, where nothing goes wrong.
    pub fn alone(&self) -> Self {
        Setup {
            processes: vec![Kind::Refresher],
            stage: Stage::Unusable,
            time_passes: false,
            counts_requests: false,
            ..self.clone()
        }
        .with(Faults::default())
    }

    pub fn secret(&self) -> Secret {
        let token = Token {
            access: 0,
            refresh: 0,
            has_grant: self.has_grant,
            is_second_login: false,
        };
        Secret {
            versions: vec![Content::Record { token, lease: None }],
        }
    }

    pub fn zoho(&self) -> Zoho {
        Zoho::new(self.accepts, self.has_grant, self.rotates, self.logs_in())
    }

    /// Whether a user who has tokens logs in again.
    pub fn logs_in(&self) -> bool {
        self.processes.contains(&Kind::Exchanger)
    }
}
