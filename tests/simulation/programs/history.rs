//! What happened in a run of a program, and what can be told from it.

use std::collections::BTreeMap;
use std::time::Duration;

use zoho_token_store::{ErrorKind, Field, OAuthToken};

use crate::aws::{Counts, Entry, SETTLING, Secret};
use crate::support::token::id;

use super::program::{CONFIDENTIAL, Operation, Program};

/// Columns of which each save writes a value of its own.
pub const UNIQUE: [Field; 3] = [Field::AccessToken, Field::ApiDomain, Field::RedirectUrl];

/// For so long after its client has given up a request may be executed: then its signature expires,
/// by a clock that may itself be as much ahead.
const LATE: Duration = Duration::from_secs(600);

/// For so long after a rollback by hand, a version may be put on top of the one that was current
/// before: by a writer whose read showed that one, stale by the settling time, and whose call lasts 20
/// seconds with its retries. AWS accepts it, because only the rolled-back version has a successor; so
/// what others have saved since the rollback is replaced. That cannot be prevented: a rollback is no
/// part of compare-and-swap.
const ROLLBACK_SLACK: Duration = SETTLING.saturating_add(Duration::from_secs(20));

/// One operation of a process.
#[derive(Clone, Debug)]
pub struct Event {
    pub process: usize,
    /// How often the process was started before.
    pub life: usize,
    pub operation: Operation,
    /// The id that the operation is about, if it was given one.
    pub id: Option<String>,
    pub began: Duration,
    /// When it ended, or was given up.
    pub ended: Duration,
    pub result: Return,
    /// Whether it was not polled for a while.
    pub was_held: bool,
}

/// What an operation came to.
#[derive(Clone, Debug)]
pub enum Return {
    Saved(OAuthToken),
    Found(Option<OAuthToken>),
    Listed(Vec<OAuthToken>),
    Done,
    Failed {
        kind: ErrorKind,
        is_retryable: bool,
        text: String,
    },
    /// Dropped, crashed, or under way at the end.
    GivenUp,
    Hung,
}

/// A run of a program.
pub struct Run {
    pub program: Program,
    pub events: Vec<Event>,
    /// What an auditor found at the end, when everything has settled.
    pub audit: Vec<Event>,
    /// What each secret held, each time that it changed.
    pub ledger: Vec<Entry>,
    pub secrets_before: Vec<Secret>,
    pub secrets_after: Vec<Secret>,
    /// Requests with a confidential value outside the secret's value.
    pub leaks: Vec<String>,
    pub counts: Counts,
    pub trace: Vec<String>,
}

impl Event {
    /// Whether AWS is known to have done what was asked.
    pub fn is_acknowledged(&self) -> bool {
        matches!(
            self.result,
            Return::Saved(_) | Return::Found(_) | Return::Listed(_) | Return::Done
        )
    }

    pub fn is_save(&self) -> bool {
        matches!(self.operation, Operation::Save { .. })
    }

    pub fn same_life(&self, other: &Event) -> bool {
        (self.process, self.life) == (other.process, other.life)
    }

    /// The records that it returned.
    pub fn records(&self) -> &[OAuthToken] {
        match &self.result {
            Return::Saved(record) | Return::Found(Some(record)) => std::slice::from_ref(record),
            Return::Listed(records) => records,
            _ => &[],
        }
    }

    /// The id of the record that a save was acknowledged for.
    pub fn saved_id(&self) -> Option<&str> {
        match &self.result {
            Return::Saved(record) => Some(id(record)),
            _ => None,
        }
    }

    /// Whether it writes this column.
    pub fn writes(&self, field: Field) -> bool {
        match &self.operation {
            Operation::Save { columns, .. } => {
                let begins = format!("{field}=");
                columns.split(' ').any(|column| column.starts_with(&begins))
            }
            _ => false,
        }
    }
}

impl Run {
    pub fn saves(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.is_save())
    }

    /// The saves that write this value of a [`UNIQUE`] column: one, and its repetitions.
    pub fn writers(&self, field: Field, value: &str) -> Vec<&Event> {
        let column = format!("{field}={value}");
        let writes = |event: &&Event| match &event.operation {
            Operation::Save { columns, .. } => columns.split(' ').any(|one| one == column),
            _ => false,
        };
        self.saves().filter(writes).collect()
    }

    /// The saves that write the value which a record has in a [`UNIQUE`] column.
    pub fn writers_of(&self, field: Field, record: &OAuthToken) -> Vec<&Event> {
        let value = record.expose(field);
        value.map_or_else(Vec::new, |value| self.writers(field, value))
    }

    /// What secrets held, each with the time until which they did.
    pub fn held(&self) -> impl Iterator<Item = (&Entry, Duration)> {
        let entries = self.ledger.iter().enumerate();
        entries.map(|(number, entry)| {
            let mut later = self.ledger[number + 1..].iter();
            let next = later.find(|later| later.name == entry.name);
            (entry, next.map_or(Duration::MAX, |next| next.time))
        })
    }

    /// When an operation has certainly had its effect, or will have none.
    pub fn effect_until(&self, event: &Event) -> Duration {
        match event.is_acknowledged() {
            true => event.ended,
            false => event.ended + self.late(),
        }
    }

    /// When the last request of an operation has been executed, also of one that was repeated.
    pub fn requests_until(&self, event: &Event) -> Duration {
        event.ended + self.late()
    }

    /// For how long requests may be executed after their client has given up.
    fn late(&self) -> Duration {
        match self.program.freedoms.are_late() {
            true => LATE,
            false => Duration::ZERO,
        }
    }

    /// Whether all of one operation was before the other one began.
    pub fn is_before(&self, one: &Event, other: &Event) -> bool {
        self.effect_until(one) < other.began
    }

    /// Whether all of these operations, of which there is one, were before the other one began.
    pub fn are_before(&self, all: &[&Event], other: &Event) -> bool {
        !all.is_empty() && all.iter().all(|one| self.is_before(one, other))
    }

    /// The operations that delete a grant's record, of whichever process.
    pub fn deletions(&self, grant: usize) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| match event.operation {
                Operation::Delete { grant: deleted } => deleted == grant,
                Operation::Clear => true,
                _ => false,
            })
    }

    /// When a deletion has had all its effects. With a recovery window a deletion that is late
    /// reaches what was saved since: the secret is the same one.
    pub fn deletion_effect_until(&self, deletion: &Event) -> Duration {
        let mut processes = self.program.processes.iter();
        let is_forced = processes.all(|process| process.deletes_by_force);
        match is_forced && deletion.is_acknowledged() {
            true => deletion.ended,
            false => deletion.ended + self.late(),
        }
    }

    /// Whether the record of a grant may have been deleted at or after this time.
    pub fn may_be_deleted_since(&self, grant: usize, time: Duration) -> bool {
        self.deletions(grant)
            .any(|deletion| self.deletion_effect_until(deletion) >= time)
    }

    /// Whether an operation may have brought a deleted record back in this time.
    pub fn may_be_undeleted(&self, id: &str, from: Duration, to: Duration) -> bool {
        self.events.iter().any(|event| {
            matches!(event.operation, Operation::Undelete { .. })
                && event.id.as_deref() == Some(id)
                && event.began <= to
                && self.effect_until(event) >= from
        })
    }

    /// Whether somebody rolled a record back by hand in this time, or so shortly before that writers
    /// may have built on what was current before.
    pub fn rolled_back(&self, id: &str, from: Duration, to: Duration) -> bool {
        let from = from.saturating_sub(ROLLBACK_SLACK);
        let mut entries = self.ledger.iter();
        entries.any(|entry| {
            entry.is_rollback && entry.name.ends_with(id) && (from..=to).contains(&entry.time)
        })
    }
}

/// The grant of a record, by its columns.
pub fn grant_of<'a>(column: impl Fn(Field) -> Option<&'a str>) -> Option<usize> {
    let number = |field, kind| {
        let value = column(field)?.strip_prefix(CONFIDENTIAL)?;
        value.strip_prefix(kind)?.split('.').next()?.parse().ok()
    };
    number(Field::UserName, "u")
        .or_else(|| number(Field::RefreshToken, "r"))
        .or_else(|| number(Field::AccessToken, "a"))
}

/// The grant of the record with these columns.
pub fn grant_of_columns(columns: &BTreeMap<String, String>) -> Option<usize> {
    grant_of(|field| columns.get(field.as_str()).map(String::as_str))
}
