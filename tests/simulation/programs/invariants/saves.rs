//! What is saved stays, and no field goes back.

use std::collections::BTreeMap;
use std::time::Duration;

use zoho_token_store::{Field, OAuthToken};

use crate::programs::history::{Event, Run, UNIQUE, grant_of_columns};
use crate::programs::program::{Keys, Operation};
use crate::support::token::id;

use super::Violation;

/// AWS never holds a value that was replaced before an acknowledged save of the same record began,
/// once that save is acknowledged.
pub fn acknowledged_save_is_not_lost(run: &Run) -> Result<(), Violation> {
    for entry in &run.ledger {
        let Some(record) = &entry.record else {
            continue;
        };
        for field in UNIQUE {
            let value = record.get(field.as_str());
            let Some(old) = value.and_then(|value| run.writer(field, value)) else {
                continue;
            };
            let lost = run.saves().find(|save| {
                save.saved_id() == record.get("id").map(String::as_str)
                    && save.writes(field)
                    && save.ended <= entry.time
                    && old.is_before(save)
                    && !run.rolled_back(save.began, entry.time)
            });
            if let Some(lost) = lost {
                return Err(format!(
                    "at {:?} AWS holds the {field} of [{}], though [{}] was acknowledged",
                    entry.time, old.operation, lost.operation
                ));
            }
        }
    }
    Ok(())
}

/// What a process has returned of a record, it does not follow by something older.
pub fn no_field_goes_back(run: &Run) -> Result<(), Violation> {
    for later in &run.events {
        let before = |earlier: &&Event| {
            earlier.same_life(later)
                && earlier.ended <= later.began
                && !run.rolled_back(Duration::ZERO, later.ended)
        };
        for earlier in run.events.iter().filter(before) {
            for (new, old) in same_records(earlier.records(), later.records()) {
                for field in UNIQUE {
                    let writer = |record: &OAuthToken| run.writer(field, record.expose(field)?);
                    let (Some(newer), Some(older)) = (writer(new), writer(old)) else {
                        continue;
                    };
                    if older.is_before(newer) {
                        return Err(format!(
                            "p{} returned the {field} of [{}] and then that of [{}], which is older",
                            later.process, newer.operation, older.operation
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

/// A record whose save was acknowledged is there at the end, unless it may have been deleted.
pub fn acknowledged_record_stays(run: &Run) -> Result<(), Violation> {
    let records: Vec<_> = run
        .secrets_after
        .iter()
        .filter_map(|secret| secret.record())
        .collect();
    for save in run.saves().filter(|save| save.is_acknowledged()) {
        let Some(grant) = save.operation.grant() else {
            continue;
        };
        let is_there = records
            .iter()
            .any(|record| grant_of_columns(record) == Some(grant));
        if !is_there && !run.may_be_deleted_since(grant, save.began) {
            return Err(format!("the record of [{}] is gone", save.operation));
        }
    }
    Ok(())
}

/// There is one record for a grant. Two that came of first saves under different keys become one
/// with a save under all keys, unless a writer failed, or read what was stale. Where a secret that is
/// marked for deletion holds a record, the next name depends on the client, which not all saves give.
pub fn one_record_per_grant(run: &Run) -> Result<(), Violation> {
    let mut ids: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for record in run
        .secrets_after
        .iter()
        .filter_map(|secret| secret.record())
    {
        if let Some(grant) = grant_of_columns(&record) {
            ids.entry(grant)
                .or_default()
                .extend(record.get("id").cloned());
        }
    }
    for (grant, ids) in ids.into_iter().filter(|(_, ids)| ids.len() > 1) {
        let failed = |save: &Event| {
            matches!(&save.operation, Operation::Save { grant: of, .. } if *of == grant)
                && !save.is_acknowledged()
        };
        let is_excused = run.program.grants[grant] == Keys::Mixed
            && (run.program.freedoms.stale_reads > 0.0 || run.saves().any(failed));
        let is_occupied = run.ledger.iter().any(|entry| entry.is_occupied);
        if !is_excused && !is_occupied {
            return Err(format!("grant {grant} has the records {ids:?}"));
        }
    }
    Ok(())
}

/// The records of the same id in both.
fn same_records<'a>(
    one: &'a [OAuthToken],
    other: &'a [OAuthToken],
) -> impl Iterator<Item = (&'a OAuthToken, &'a OAuthToken)> {
    one.iter().filter_map(|record| {
        let same = other.iter().find(|other| id(other) == id(record))?;
        Some((record, same))
    })
}

/// What is wrong with a record that a process returned after a save of its own, if it is older.
pub fn older_than(run: &Run, save: &Event, record: &OAuthToken) -> Option<Field> {
    UNIQUE.into_iter().find(|&field| {
        let writer = record
            .expose(field)
            .and_then(|value| run.writer(field, value));
        save.writes(field) && writer.is_none_or(|writer| writer.is_before(save))
    })
}
