//! What goes wrong with a single request.

use std::time::Duration;

use crate::support::aws_rules::Refusal;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 500, and nothing was done.
    ErrorBefore,
    /// 500, though it was done.
    ErrorAfter,
    /// 503, and nothing was done.
    Unavailable,
    /// Throttled, below the quotas too.
    Throttled,
    /// The role may not make the call. Only a scenario orders this.
    Denied,
    /// The KMS key of a secret cannot be used. Only a scenario orders this.
    Undecryptable,
    /// The connection is reset, and nothing was done.
    ResetBefore,
    /// The connection is reset, though it was done: the answer is lost.
    ResetAfter,
    /// There is no answer, and nothing was done.
    HangBefore,
    /// There is no answer, though it was done.
    HangAfter,
    /// The connection is reset; it is done later.
    LateAfterReset,
    /// There is no answer; it is done later.
    LateAfterHang,
    /// It takes long.
    Slow,
    /// The process dies, and nothing was done.
    CrashBefore,
    /// The process dies, though it was done.
    CrashAfter,
    /// The process dies; it is done later.
    CrashLate,
}

/// When a request is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executed {
    Now,
    Later,
    Never,
}

/// What its client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Outcome,
    Refusal(Refusal),
    Reset,
    Nothing,
}

impl Fault {
    pub const ALL: [Fault; 14] = [
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::Unavailable,
        Fault::Throttled,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::HangBefore,
        Fault::HangAfter,
        Fault::LateAfterReset,
        Fault::LateAfterHang,
        Fault::Slow,
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::CrashLate,
    ];

    pub fn executed(self) -> Executed {
        match self {
            Fault::ErrorBefore
            | Fault::Unavailable
            | Fault::Throttled
            | Fault::Denied
            | Fault::Undecryptable
            | Fault::ResetBefore
            | Fault::HangBefore
            | Fault::CrashBefore => Executed::Never,
            Fault::LateAfterReset | Fault::LateAfterHang | Fault::CrashLate => Executed::Later,
            Fault::ErrorAfter
            | Fault::ResetAfter
            | Fault::HangAfter
            | Fault::Slow
            | Fault::CrashAfter => Executed::Now,
        }
    }

    pub fn answered(self) -> Answered {
        match self {
            Fault::ErrorBefore | Fault::ErrorAfter => Answered::Refusal(Refusal::internal_error()),
            Fault::Unavailable => Answered::Refusal(Refusal::unavailable()),
            Fault::Throttled => Answered::Refusal(Refusal::throttled()),
            Fault::Denied => Answered::Refusal(Refusal::new(
                "AccessDeniedException",
                "User: nobody is not authorized to perform this action",
            )),
            Fault::Undecryptable => Answered::Refusal(Refusal::new(
                "DecryptionFailure",
                "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
            )),
            Fault::ResetBefore | Fault::ResetAfter | Fault::LateAfterReset => Answered::Reset,
            Fault::HangBefore
            | Fault::HangAfter
            | Fault::LateAfterHang
            | Fault::CrashBefore
            | Fault::CrashAfter
            | Fault::CrashLate => Answered::Nothing,
            Fault::Slow => Answered::Outcome,
        }
    }

    /// Whether the client does not learn that it was done.
    pub fn loses_answer(self) -> bool {
        matches!(
            self,
            Fault::ErrorAfter | Fault::ResetAfter | Fault::HangAfter
        )
    }

    pub fn is_crash(self) -> bool {
        matches!(
            self,
            Fault::CrashBefore | Fault::CrashAfter | Fault::CrashLate
        )
    }
}

/// A fault, and how long what it delays takes.
#[derive(Clone, Copy, Debug)]
pub struct Delayed {
    pub fault: Fault,
    pub by: Duration,
}
