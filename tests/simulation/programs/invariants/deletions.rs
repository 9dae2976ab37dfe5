//! What is deleted stays deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::aws::LONGEST_LAG;
use crate::programs::history::{Event, Run, UNIQUE, grant_of_columns};
use crate::programs::program::{Keys, Operation};

use super::Violation;

/// AWS never holds a token that was saved before an acknowledged deletion of its record began,
/// once the deletion is acknowledged, unless somebody brings it back.
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
                    && !run.may_be_undeleted(id, deletion.began, until)
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

/// What was deleted with a recovery window can be brought back as long as nobody deletes by force:
/// its secret is there, and the token in it.
pub fn deletion_with_a_window_destroys_nothing(run: &Run) -> Result<(), Violation> {
    // Where two records become one, a save deletes the other.
    let are_merged = run.program.grants.contains(&Keys::Mixed);
    let is_forced = run.events.iter().any(|event| {
        let deletes = matches!(event.operation, Operation::Delete { .. } | Operation::Clear);
        (deletes || are_merged) && run.program.processes[event.process].deletes_by_force
    });
    let names: BTreeSet<_> = match is_forced {
        true => BTreeSet::new(),
        false => run.ledger.iter().map(|entry| &entry.name).collect(),
    };
    let destroyed = names.into_iter().find(|name| {
        let mut secrets = run.secrets_after.iter();
        !secrets.any(|secret| {
            let mut versions = secret.versions.iter();
            secret.name == **name && versions.any(|version| secret.is_record(version))
        })
    });
    match destroyed {
        Some(name) => Err(format!("nothing is left of {name}")),
        None => Ok(()),
    }
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
