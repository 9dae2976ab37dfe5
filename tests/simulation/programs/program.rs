//! Programs: what the processes of a simulation do.

use std::fmt;
use std::time::Duration;

use crate::aws::Freedoms;

use super::danger::Danger;

/// What is in every value that must not leave a secret's value.
pub const CONFIDENTIAL: &str = "hush-";

/// What the processes of a simulation do, and what AWS does to them.
#[derive(Clone, Debug)]
pub struct Program {
    pub seed: u64,
    /// What it concentrates on.
    pub danger: Danger,
    pub freedoms: Freedoms,
    /// Whether every secret has a replica.
    pub replicates: bool,
    /// If not, grants are found by their users alone, or by id.
    pub has_tag_index: bool,
    pub fingerprint_key: FingerprintKey,
    pub processes: Vec<Settings>,
    /// By number. A grant is one user's consent; it is one record.
    pub grants: Vec<Keys>,
    pub phases: Vec<Phase>,
}

/// With which key keys of records are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FingerprintKey {
    Public,
    /// One that lies in a secret. Before this phase it is rotated, and all processes start again.
    InSecret {
        rotated_before: usize,
    },
}

/// A process, and how it is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    pub cache_capacity: Option<u64>,
    pub cache_time_to_live: Duration,
    /// For how long it serves an outdated record if AWS cannot be reached.
    pub serves_stale_for: Option<Duration>,
    /// By how many seconds its clock is ahead.
    pub clock_ahead: i64,
    /// If not, with a recovery window.
    pub deletes_by_force: bool,
}

/// Under which keys a grant is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Always with its user: the record's name is derived from that.
    WithUser,
    /// Always with an id of its own.
    OwnId,
    /// The first time with an id of its own, by one process; then with its user alone. It is never
    /// deleted, and lists show it at once.
    OwnIdFirst,
    /// Some of the first saves have no user. It is never deleted, after the first phase everybody
    /// waits until lists show it, and the last save has all keys.
    Mixed,
    /// First with an id of its own, and then, after that record was deleted, with its user: it has a
    /// record that could be brought back, and another one that keeps it from that.
    Renewed,
}

/// What happens until all processes are done with it.
#[derive(Clone, Debug)]
pub struct Phase {
    /// By process.
    pub steps: Vec<Vec<Step>>,
    /// Grants whose record is rolled back by hand, and when.
    pub rollbacks: Vec<(Duration, usize)>,
    /// Grants to whose record somebody adds a field `deleted` by hand, before it begins, when all
    /// is settled.
    pub edits: Vec<usize>,
    /// Grants to whose secret somebody adds tags, as many as it has room for, and when.
    pub fills: Vec<(Duration, usize)>,
    /// How long all wait afterwards.
    pub pause: Duration,
}

/// What one process does.
#[derive(Clone, Debug)]
pub enum Step {
    Run(Operation),
    /// Two operations at once.
    Both(Operation, Operation),
    /// An operation that is dropped if it takes longer.
    Drop(Operation, Duration),
    /// An operation that is polled for this time and then left alone, until the end of the phase.
    Hold(Operation, Duration),
    /// An operation that is begun in a runtime that then stands still, until the end of the phase.
    StandStill(Operation),
    Pause(Duration),
    /// The process's clock is set to so many seconds ahead of AWS's.
    SetClock(i64),
    /// The process dies and is started again.
    Crash,
}

/// One operation of the store.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Saves `column=value` pairs.
    Save {
        grant: usize,
        columns: String,
    },
    /// Finds a grant by these columns.
    Find {
        grant: usize,
        columns: String,
    },
    /// Finds a grant by the id that its record was last seen with.
    FindById {
        grant: usize,
    },
    Delete {
        grant: usize,
    },
    /// Brings the record back that the grant had first.
    Undelete {
        grant: usize,
    },
    Invalidate {
        grant: usize,
    },
    List,
    Clear,
    Reindex,
}

impl Operation {
    /// The grant that it is about; none if it is about all.
    pub fn grant(&self) -> Option<usize> {
        match self {
            Operation::Save { grant, .. }
            | Operation::Find { grant, .. }
            | Operation::FindById { grant }
            | Operation::Delete { grant }
            | Operation::Undelete { grant }
            | Operation::Invalidate { grant } => Some(*grant),
            Operation::List | Operation::Clear | Operation::Reindex => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Save { columns, .. } => write!(f, "save {}", shown(columns)),
            Operation::Find { columns, .. } => write!(f, "find {}", shown(columns)),
            Operation::FindById { grant } => write!(f, "find the id of grant {grant}"),
            Operation::Delete { grant } => write!(f, "delete grant {grant}"),
            Operation::Undelete { grant } => write!(f, "undelete grant {grant}"),
            Operation::Invalidate { grant } => write!(f, "invalidate grant {grant}"),
            Operation::List => f.write_str("list"),
            Operation::Clear => f.write_str("clear"),
            Operation::Reindex => f.write_str("reindex"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Run(operation) => write!(f, "{operation}"),
            Step::Both(one, other) => write!(f, "{one}, and at once {other}"),
            Step::Drop(operation, after) => write!(f, "{operation}, dropped after {after:?}"),
            Step::Hold(operation, after) => write!(f, "{operation}, not polled after {after:?}"),
            Step::StandStill(operation) => {
                write!(f, "{operation}, in a runtime that stands still")
            }
            Step::Pause(time) => write!(f, "wait {time:?}"),
            Step::SetClock(ahead) => write!(f, "set the clock to {ahead} s ahead"),
            Step::Crash => f.write_str("crash"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}, {:?}, {:?}",
            self.seed, self.danger, self.freedoms
        )?;
        writeln!(f, "grants {:?}", self.grants)?;
        writeln!(
            f,
            "replicas: {}, tag index: {}, fingerprint key: {:?}",
            self.replicates, self.has_tag_index, self.fingerprint_key
        )?;
        for (number, phase) in self.phases.iter().enumerate() {
            for grant in &phase.edits {
                writeln!(f, "before phase {number} grant {grant} is edited by hand")?;
            }
            for (process, steps) in phase.steps.iter().enumerate() {
                if steps.is_empty() {
                    continue;
                }
                writeln!(
                    f,
                    "phase {number}, p{process} {:?}",
                    self.processes[process]
                )?;
                for step in steps {
                    writeln!(f, "    {step}")?;
                }
            }
            for (at, grant) in &phase.rollbacks {
                writeln!(f, "    after {at:?} grant {grant} is rolled back")?;
            }
            for (at, grant) in &phase.fills {
                writeln!(f, "    after {at:?} grant {grant} has 50 tags")?;
            }
            writeln!(f, "    then all wait {:?}", phase.pause)?;
        }
        Ok(())
    }
}

/// Columns as a trace shows them.
fn shown(columns: &str) -> String {
    columns.replace(CONFIDENTIAL, "")
}
