//! Where a process is in the protocol.

use crate::lease::configuration::Kind;
use crate::lease::secret::{Depth, Purpose, Put, Reply, Token};
use crate::lease::zoho::{Answer, Issued};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Reads the record.
    Read,
    /// Waits for the holder of the lease with this nonce.
    Wait {
        nonce: u8,
        is_sending: bool,
        /// The former access token can be returned meanwhile.
        is_usable: bool,
    },
    /// Zoho has refused an earlier attempt: returns that, or tries again when the pause is over.
    Paused {
        is_usable: bool,
    },
    /// Has made a put, and has no answer yet.
    Put(Put),
    /// Holds the lease.
    Held,
    /// Has checked that it got the lease quickly, or marked it as `sending`.
    Checked,
    /// Has asked Zoho, and has no answer yet.
    Sent,
    /// Reads the record, to save Zoho's answer.
    ReadToSave,
    /// Could not save it, and tries again later.
    Unsaved,
    /// Reads the record, to see if what Zoho refused is still in it.
    ReadAgain,
    Over(End),
    Crashed,
}

/// How an operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// With an access token.
    Token,
    /// With the one that is about to expire, which is usable yet.
    StillUsable,
    /// With an access token that is not stored, because there is no record.
    Unsaved,
    /// With the error that there is no record.
    NotFound,
    /// With the error that Zoho has refused.
    NeedsLogin,
    /// With an error that says to try again.
    Retryable,
    /// With the error that a grant token may have been sent.
    GrantUnsettled,
    /// A foreign save or a deletion is done.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Process {
    pub kind: Kind,
    pub phase: Phase,
    /// The latest version that it has read or put: older ones are not believed.
    pub known: Depth,
    /// The token that it refreshes, and the nonce of its lease.
    pub held: Option<(Token, u8)>,
    /// Whether the grant token may have been sent before it put its lease.
    pub sent_before: bool,
    /// Its lease was taken over: so much time has passed that it must not ask Zoho any more.
    pub is_late: bool,
    pub has_asked_twice: bool,
    /// It has tried again what Zoho had refused for good, because it was told to.
    pub has_insisted: bool,
    /// The answer to a put that was executed.
    pub reply: Option<Reply>,
    /// Zoho's answer, which it may not have received yet.
    pub answer: Option<Answer>,
    /// What a foreign process saves.
    pub foreign: Option<Issued>,
}

impl Process {
    pub fn new(kind: Kind) -> Self {
        Process {
            kind,
            phase: Phase::Read,
            known: 0,
            held: None,
            sent_before: false,
            is_late: false,
            has_asked_twice: false,
            has_insisted: false,
            reply: None,
            answer: None,
            foreign: None,
        }
    }

    /// What a process knows no more is left out, so that equal states count once.
    pub fn end(&mut self, end: End) {
        *self = Process {
            phase: Phase::Over(end),
            ..Process::new(self.kind)
        };
    }

    pub fn crash(&mut self) {
        *self = Process {
            phase: Phase::Crashed,
            ..Process::new(self.kind)
        };
    }

    /// Goes back to reading, as a process that holds no lease.
    pub fn start_over(&mut self) {
        *self = Process {
            known: self.known,
            foreign: self.foreign,
            has_insisted: self.has_insisted,
            ..Process::new(self.kind)
        };
    }

    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_) | Phase::Crashed)
    }

    pub fn is_reading(&self) -> bool {
        matches!(
            self.phase,
            Phase::Read | Phase::Wait { .. } | Phase::ReadToSave | Phase::ReadAgain
        )
    }

    /// Whether it exchanges the grant token, and does not refresh.
    pub fn exchanges(&self, token: Token) -> bool {
        token.has_grant || self.kind == Kind::Exchanger
    }

    /// Whether it holds the lease with this nonce, or may learn that it does.
    pub fn holds(&self, nonce: u8) -> bool {
        self.held.is_some_and(|(_, own)| own == nonce)
    }

    /// Whether it has asked Zoho, and may not have stored the answer.
    pub fn has_asked(&self) -> bool {
        match self.phase {
            Phase::Sent | Phase::ReadToSave | Phase::Unsaved | Phase::ReadAgain => true,
            Phase::Put(put) => {
                matches!(
                    put.purpose,
                    Purpose::Save | Purpose::Rotated | Purpose::Failed { .. }
                )
            }
            _ => false,
        }
    }

    /// Whether it has asked Zoho, or will.
    pub fn asks(&self) -> bool {
        self.phase == Phase::Checked || self.has_asked()
    }

    /// What Zoho has issued to it.
    pub fn issued(&self) -> Issued {
        match self.answer {
            Some(Answer::Issued(issued)) => issued,
            _ => unreachable!("only an answer with a token is saved"),
        }
    }
}
