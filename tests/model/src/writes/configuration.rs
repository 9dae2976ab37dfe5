//! What is explored: operations, the secret at the beginning, how much may go wrong, and mutations
//! of the protocol.

use crate::writes::aws::{
    Content, FIELDS, Mark, Operation, Record, Request, Secret, Tags, Version, VersionId, tag_of,
};
use crate::writes::plan;

/// The write of the record that is there at the beginning.
const EARLIER: Operation = 7;

/// The tags of its fields count as those of two writes.
const EARLIER_TAGS: [Operation; FIELDS] = [6, 7];

/// The operations of the process that runs alone at the end.
pub const LAST_SAVE: Operation = 8;
pub const LAST_DELETION: Operation = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Save { field: usize, value: u8 },
    Delete,
}

/// What the secret is like at the beginning.
#[derive(Clone, Copy, Debug)]
pub enum Initial {
    Absent,
    Record,
    /// Marked for deletion, with a tombstone.
    Deleted,
}

/// How often something may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A process stops, or an operation gives up, at a call. The call may still be executed.
    pub crashes: u8,
    /// The answer to a call that was executed is lost, and the call is executed again.
    pub lost: u8,
    /// A call is made again, and executed a second time later.
    pub late: u8,
    /// A read shows an older state.
    pub stale: u8,
    /// A call is throttled, with all that the SDK repeats.
    pub throttled: u8,
}

impl Faults {
    pub const NONE: Self = Faults {
        crashes: 0,
        lost: 0,
        late: 0,
        stale: 0,
        throttled: 0,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    Put,
    Tag,
    Untag,
    Restore,
    Delete,
}

impl Call {
    pub fn of(request: Request) -> Self {
        match request {
            Request::Create { .. } => Call::Create,
            Request::Put { .. } => Call::Put,
            Request::Tag { .. } => Call::Tag,
            Request::Untag { .. } => Call::Untag,
            Request::Restore { .. } => Call::Restore,
            Request::Delete { .. } => Call::Delete,
        }
    }
}

/// An error in the protocol, which must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The value is put before its tags.
    TagAfterPut,
    /// A prune removes all other tags of a field, whichever write they are of.
    PruneByField,
    /// The id of a version does not depend on the version that it is built on.
    RandomSuccessor,
    /// A version that exists with this write's content is not taken for saved unless it is current.
    OutrunUnlessCurrent,
    /// A secret that holds a record is restored.
    RestoreWithoutTombstone,
    /// Calls that change the secret address it by its name.
    AddressByName,
    /// A save that changes nothing is acknowledged on its read.
    BelieveUnchanged,
    /// The same, and processes do not remember known states.
    NoKnownStates,
    /// A deletion is acknowledged on a read that finds no secret.
    DeleteOnNotFound,
    /// A save whose put was refused because the secret is marked for deletion builds on what it reads
    /// next, without making sure that the put was never executed.
    ForgetRefusedPut,
    /// A deletion that reads a tombstone deletes the secret, without a tombstone of its own.
    BelieveTombstone,
    /// A save whose put or creation is throttled reads and merges again.
    ReadWhenThrottled,
    /// If the call fails that tells whether a secret exists, there is none.
    BelieveFailedProbe,
}

impl Mutation {
    pub fn believes_unchanged(self) -> bool {
        matches!(self, Mutation::BelieveUnchanged | Mutation::NoKnownStates)
    }
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub initial: Initial,
    /// The operations of each process.
    pub programs: Vec<Vec<Operation>>,
    kinds: Vec<Kind>,
    pub by_force: bool,
    pub faults: Faults,
    /// The calls that may be late. Those of an operation that is not acknowledged always may.
    pub late: &'static [Call],
    /// Whether DescribeSecret may show an older state before a secret is restored.
    pub has_stale_descriptions: bool,
    pub mutation: Option<Mutation>,
}

impl Setup {
    /// Processes with these operations, and nothing that goes wrong.
    pub fn new(name: &'static str, initial: Initial, programs: &[&[Kind]]) -> Self {
        let mut kinds = Vec::new();
        let mut number = |kind: &Kind| {
            kinds.push(*kind);
            Operation::try_from(kinds.len() - 1).expect("there are few operations")
        };
        let programs = programs.iter();
        let programs = programs.map(|kinds| kinds.iter().map(&mut number).collect());
        Setup {
            name,
            initial,
            programs: programs.collect(),
            kinds,
            by_force: false,
            faults: Faults::NONE,
            late: &[],
            has_stale_descriptions: false,
            mutation: None,
        }
    }

    pub fn with(mut self, faults: Faults, late: &'static [Call]) -> Self {
        (self.faults, self.late) = (faults, late);
        self
    }

    pub fn by_force(mut self) -> Self {
        self.by_force = true;
        self
    }

    pub fn with_stale_descriptions(mut self) -> Self {
        self.has_stale_descriptions = true;
        self
    }

    pub fn mutated(mut self, mutation: Mutation) -> Self {
        self.mutation = Some(mutation);
        self
    }

    /// One process that saves and deletes, with the same protocol.
    pub fn alone(&self) -> Self {
        Setup {
            programs: vec![vec![LAST_SAVE, LAST_DELETION]],
            ..self.clone()
        }
        .with(Faults::NONE, &[])
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        self.programs.iter().flatten().copied()
    }

    pub fn kind(&self, operation: Operation) -> Kind {
        match operation {
            LAST_SAVE => Kind::Save {
                field: 0,
                value: LAST_SAVE,
            },
            LAST_DELETION => Kind::Delete,
            _ => self.kinds[usize::from(operation)],
        }
    }

    /// The record of a save that finds none.
    pub fn fresh(&self, operation: Operation) -> Record {
        match self.kind(operation) {
            Kind::Save { field, value } => plan::fresh(operation, field, value),
            Kind::Delete => unreachable!("a deletion writes no record"),
        }
    }

    pub fn successor(&self, base: VersionId, operation: Operation) -> VersionId {
        match self.mutation {
            Some(Mutation::RandomSuccessor) => VersionId {
                root: 16 + operation,
                depth: base.depth + 1,
            },
            _ => base.successor(),
        }
    }

    /// The tags that any write can have set for a field.
    pub fn tags_of_field(&self, field: usize) -> Tags {
        let writes = (0..).zip(&self.kinds);
        let of_field = writes.filter(|(_, kind)| match kind {
            Kind::Save { field: saved, .. } => *saved == field,
            Kind::Delete => false,
        });
        let tags = of_field.map(|(write, _)| tag_of(write));
        tags.fold(tag_of(EARLIER_TAGS[field]), |all, tag| all | tag)
    }

    pub fn secret(&self) -> Option<Secret> {
        let first = VersionId {
            root: EARLIER,
            depth: 0,
        };
        let record = Record {
            write: EARLIER,
            fields: [EARLIER; FIELDS],
            index: EARLIER_TAGS.map(Some),
            replaced: 0,
        };
        let mut secret = Secret {
            arn: 0,
            mark: Mark::Unmarked,
            versions: vec![Version {
                id: first,
                content: Content::Record(record),
                base: None,
            }],
            current: first,
            previous: None,
            tombstone: None,
            tags: EARLIER_TAGS.map(tag_of).iter().sum(),
        };
        match self.initial {
            Initial::Absent => return None,
            Initial::Record => {}
            Initial::Deleted => {
                let tombstone = first.successor();
                secret.versions.push(Version {
                    id: tombstone,
                    content: Content::Tombstone(EARLIER),
                    base: Some(first),
                });
                secret.current = tombstone;
                secret.previous = Some(first);
                secret.tombstone = Some(tombstone);
                secret.mark = Mark::Recoverable;
            }
        }
        Some(secret)
    }
}
