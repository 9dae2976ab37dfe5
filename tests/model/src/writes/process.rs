//! A process: its operations, one after another, each of them call by call.

use crate::writes::aws::{Address, Arn, Content, Operation, Reply, Request, Snapshot};
use crate::writes::aws::{VersionId, tag_of};
use crate::writes::configuration::{Mutation, Setup};
use crate::writes::known::Known;
use crate::writes::plan::Plan;

/// The call that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The next operation has not begun.
    Idle,
    /// GetSecretValue.
    Read,
    /// GetSecretValue, after CreateSecret was refused.
    ReadOwn,
    /// DescribeSecret, because this state seems to be older than a known one.
    Prove(Option<Snapshot>),
    /// UntagResource of no tag, because a secret that is known seems to be missing.
    Missing(Option<Snapshot>),
    /// The same, before a deletion that finds no secret is acknowledged.
    Surely,
    /// DescribeSecret of a secret that is marked for deletion.
    Describe,
    Create,
    Restore {
        arn: Arn,
        tombstone: VersionId,
    },
    Tag(Plan),
    Put(Plan),
    /// PutSecretValue of the version that was read, because it has what is to be saved.
    Confirm(Plan),
    Prune(Plan),
    Tombstone {
        arn: Arn,
        base: VersionId,
    },
    Delete {
        arn: Arn,
    },
    Finished,
    Crashed,
}

/// How an operation was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Saved,
    /// The id is occupied, so the save goes on under the next id that is derived.
    Elsewhere,
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub phase: Phase,
    /// The answer that is on its way.
    pub reply: Option<Reply>,
    /// How many operations have ended.
    pub position: u8,
    pub known: Option<Known>,
    /// The secret that has the tag of this save.
    pub tagged: Option<Arn>,
    /// A put that was refused because the secret was marked for deletion or gone. An earlier request
    /// of it may have been executed, or may be later.
    pub open: Option<Plan>,
}

impl Process {
    pub fn new() -> Self {
        Process {
            phase: Phase::Idle,
            reply: None,
            position: 0,
            known: None,
            tagged: None,
            open: None,
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Finished | Phase::Crashed)
    }

    /// The request of this phase; `None` if it is a read, or none.
    pub fn request(&self, setup: &Setup, operation: Operation) -> Option<Request> {
        let to = |arn| match setup.mutation {
            Some(Mutation::AddressByName) => Address::Name,
            _ => Address::Arn(arn),
        };
        Some(match self.phase {
            Phase::Create => Request::Create {
                record: setup.fresh(operation),
                tags: tag_of(operation),
            },
            Phase::Restore { arn, .. } => Request::Restore { to: to(arn) },
            Phase::Tag(plan) => Request::Tag {
                to: to(plan.arn),
                tags: tag_of(operation),
            },
            Phase::Put(plan) | Phase::Confirm(plan) => Request::Put {
                to: to(plan.arn),
                id: plan.version,
                content: Content::Record(plan.record),
                base: Some(plan.base),
            },
            Phase::Prune(plan) => Request::Untag {
                to: to(plan.arn),
                tags: plan.pruned,
            },
            Phase::Tombstone { arn, base } => Request::Put {
                to: to(arn),
                id: setup.successor(base, operation),
                content: Content::Tombstone(operation),
                base: Some(base),
            },
            Phase::Delete { arn } => Request::Delete {
                to: to(arn),
                by_force: setup.by_force,
            },
            _ => return None,
        })
    }

    /// Whether the phase's call is a read that may show an older state.
    pub fn is_reading(&self) -> bool {
        matches!(
            self.phase,
            Phase::Idle | Phase::Read | Phase::ReadOwn | Phase::Prove(_) | Phase::Describe
        )
    }

    /// Whether the phase's call asks if a secret exists. That does not change it, but is a write for
    /// AWS, so the answer is never old.
    pub fn is_asking(&self) -> bool {
        matches!(self.phase, Phase::Missing(_) | Phase::Surely)
    }

    /// Ends an operation. The process goes on with the next one, if it has one.
    pub fn end(&mut self, operations: usize) {
        self.position += 1;
        self.tagged = None;
        self.open = None;
        self.reply = None;
        self.phase = match usize::from(self.position) < operations {
            true => Phase::Idle,
            false => {
                self.known = None;
                Phase::Finished
            }
        };
    }
}
