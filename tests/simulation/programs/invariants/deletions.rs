//! What is deleted stays deleted.

use std::time::Duration;

use crate::aws::LONGEST_LAG;
use crate::programs::history::{Event, Run, UNIQUE, grant_of_columns};
use crate::programs::program::Operation;

use super::Violation;

/// AWS never holds a token that was saved before an acknowledged deletion of its record began,
/// once the deletion is acknowledged.
pub fn deleted_token_does_not_come_back(run: &Run) -> Result<(), Violation> {
    for entry in &run.ledger {
        let Some(record) = &entry.record else {
            continue;
        };
        let Some(grant) = grant_of_columns(record) else {
            continue;
        };
        for field in UNIQUE {
            let value = record.get(field.as_str());
            let Some(saved) = value.and_then(|value| run.writer(field, value)) else {
                continue;
            };
            let deleted = run.deletions(grant).find(|deletion| {
                deletion.is_acknowledged()
                    && deletion.ended <= entry.time
                    && covers(deletion, saved, record.get("id"))
                    && !run.rolled_back(Duration::ZERO, entry.time)
            });
            if let Some(deleted) = deleted {
                return Err(format!(
                    "at {:?} AWS holds the {field} of [{}], which was deleted at {:?}",
                    entry.time, saved.operation, deleted.ended
                ));
            }
        }
    }
    Ok(())
}

/// Whether a deletion deletes what was saved. One of all records goes by a list, which shows what
/// is older than its lag.
pub fn covers(deletion: &Event, saved: &Event, id: Option<&String>) -> bool {
    match deletion.operation {
        Operation::Clear => saved.effect_until() + LONGEST_LAG < deletion.began,
        _ => deletion.id.as_ref() == id && saved.is_before(deletion),
    }
}
