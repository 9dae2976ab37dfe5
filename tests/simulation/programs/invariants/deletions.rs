//! What is deleted stays deleted.

use std::time::Duration;

use crate::aws::LONGEST_LAG;
use crate::programs::history::{Event, Run, UNIQUE, grant_of_columns};
use crate::programs::program::Operation;

use super::Violation;

/// AWS never holds a token that was saved before an acknowledged deletion of its record began,
/// once the deletion is acknowledged.
pub fn deleted_token_does_not_come_back(run: &Run) -> Result<(), Violation> {
    for (entry, until) in run.held() {
        let Some(record) = &entry.record else {
            continue;
        };
        let Some(grant) = grant_of_columns(record) else {
            continue;
        };
        for field in UNIQUE {
            let value = record.get(field.as_str());
            let writers = value.map_or_else(Vec::new, |value| run.writers(field, value));
            let id = record.get("id").map_or("", String::as_str);
            let deleted = run.deletions(grant).find(|deletion| {
                deletion.is_acknowledged()
                    && deletion.ended < until
                    && covers(run, deletion, &writers, id)
                    && !run.rolled_back(id, Duration::ZERO, entry.time.max(deletion.ended))
            });
            if let (Some(deleted), Some(saved)) = (deleted, writers.first()) {
                return Err(format!(
                    "at {:?} AWS holds the {field} of [{}], which was deleted at {:?}",
                    entry.time, saved.operation, deleted.ended
                ));
            }
        }
    }
    Ok(())
}

/// Whether a deletion deletes what these saves have written. One of all records goes by a list, which
/// shows what is older than its lag.
pub fn covers(run: &Run, deletion: &Event, saves: &[&Event], id: &str) -> bool {
    let shown = |saved: &&Event| run.effect_until(saved) + LONGEST_LAG < deletion.began;
    match deletion.operation {
        Operation::Clear => !saves.is_empty() && saves.iter().all(shown),
        _ => deletion.id.as_deref() == Some(id) && run.are_before(saves, deletion),
    }
}
