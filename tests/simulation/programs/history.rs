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

/// For so long a call of the store lasts, with its retries.
const LONGEST_CALL: Duration = Duration::from_secs(20);

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

    /// When it has certainly had its effect, or will have none.
    pub fn effect_until(&self) -> Duration {
        match self.is_acknowledged() {
            true => self.ended,
            false => self.ended + LATE,
        }
    }

    /// Whether all of this was before the other one began.
    pub fn is_before(&self, other: &Event) -> bool {
        self.effect_until() < other.began
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

    /// The save that wrote a value of a [`UNIQUE`] column.
    pub fn writer(&self, field: Field, value: &str) -> Option<&Event> {
        let column = format!("{field}={value}");
        self.saves().find(|event| match &event.operation {
            Operation::Save { columns, .. } => columns.split(' ').any(|one| one == column),
            _ => false,
        })
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
        match self.program.deletes_by_force && deletion.is_acknowledged() {
            true => deletion.ended,
            false => deletion.ended + LATE,
        }
    }

    /// Whether the record of a grant may have been deleted at or after this time.
    pub fn may_be_deleted_since(&self, grant: usize, time: Duration) -> bool {
        self.deletions(grant)
            .any(|deletion| self.deletion_effect_until(deletion) >= time)
    }

    /// Whether somebody rolled a record back by hand in this time, or so shortly before that writers
    /// may have built on what was current before.
    pub fn rolled_back(&self, from: Duration, to: Duration) -> bool {
        let from = from.saturating_sub(SETTLING + LONGEST_CALL);
        let by_hand = self.ledger.iter().filter(|entry| entry.is_rollback);
        by_hand
            .into_iter()
            .any(|entry| (from..=to).contains(&entry.time))
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
