//! What is saved stays, and no field goes back.

use std::collections::BTreeMap;
use std::time::Duration;

use zoho_token_store::{Field, OAuthToken};

use crate::aws::{Entry, LONGEST_LAG, SETTLING};
use crate::programs::history::{Event, Run, UNIQUE, grant_of_columns};
use crate::programs::program::Keys;
use crate::support::token::id;

use super::Violation;

/// AWS never holds a value that was replaced before an acknowledged save of the same record began,
/// once that save is acknowledged.
pub fn acknowledged_save_is_not_lost(run: &Run) -> Result<(), Violation> {
    for (entry, until) in run.held() {
        let Some(record) = &entry.record else {
            continue;
        };
        for field in UNIQUE {
            let value = record.get(field.as_str());
            let writers = value.map_or_else(Vec::new, |value| run.writers(field, value));
            let id = record.get("id").map_or("", String::as_str);
            let lost = run.saves().find(|save| {
                save.saved_id() == Some(id)
                    && save.writes(field)
                    && save.ended < until
                    && run.are_before(&writers, save)
                    && !run.rolled_back(id, save.began, entry.time.max(save.ended))
            });
            if let (Some(lost), Some(old)) = (lost, writers.first()) {
                return Err(format!(
                    "at {:?} AWS holds the {field} of [{}], though [{}] was acknowledged",
                    entry.time, old.operation, lost.operation
                ));
            }
        }
    }
    Ok(())
}

/// What a secret held once and then did not hold any more does not come back, unless somebody saves it
/// again or brings it back. If the record was deleted meanwhile, a save that has not ended may save it anew, and of a save
/// that has, the request that restores the secret may be late.
pub fn no_value_comes_back(run: &Run) -> Result<(), Violation> {
    for (number, entry) in run.ledger.iter().enumerate() {
        let Some(record) = &entry.record else {
            continue;
        };
        let id = record.get("id").map_or("", String::as_str);
        let former: Vec<_> = run.ledger[..number]
            .iter()
            .filter(|former| former.name == entry.name)
            .collect();
        for field in UNIQUE {
            let Some(value) = record.get(field.as_str()) else {
                continue;
            };
            let holds = |entry: &Entry| {
                let record = entry.record.as_ref();
                record.and_then(|record| record.get(field.as_str())) == Some(value)
            };
            let Some(held) = former.iter().rposition(|former| holds(former)) else {
                continue;
            };
            let between = &former[held + 1..];
            let writers = run.writers(field, value);
            let was_deleted = between.iter().any(|former| former.record.is_none());
            let may_come_back = match was_deleted {
                true if run.may_be_undeleted(id, between[0].time, entry.time) => true,
                true => writers
                    .iter()
                    .any(|writer| run.requests_until(writer) >= entry.time),
                false => {
                    writers.len() > 1
                        && writers
                            .iter()
                            .any(|writer| run.effect_until(writer) >= entry.time)
                }
            };
            if !between.is_empty()
                && !may_come_back
                && !run.rolled_back(id, Duration::ZERO, entry.time)
            {
                return Err(format!(
                    "at {:?} AWS holds the {field} {value} again, which it held until {:?}",
                    entry.time, between[0].time
                ));
            }
        }
    }
    Ok(())
}

/// What a process has returned of a record, it does not follow by something older.
pub fn no_field_goes_back(run: &Run) -> Result<(), Violation> {
    for later in &run.events {
        let before = |earlier: &&Event| earlier.same_life(later) && earlier.ended <= later.began;
        for earlier in run.events.iter().filter(before) {
            for (new, old) in same_records(earlier.records(), later.records()) {
                if run.rolled_back(id(new), Duration::ZERO, later.ended) {
                    continue;
                }
                for field in UNIQUE {
                    let (newer, older) = (run.writers_of(field, new), run.writers_of(field, old));
                    let (Some(first), Some(last)) = (newer.first(), older.last()) else {
                        continue;
                    };
                    if newer.iter().all(|newer| run.are_before(&older, newer)) {
                        return Err(format!(
                            "p{} returned the {field} of [{}] and then that of [{}], which is older",
                            later.process, first.operation, last.operation
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
/// with the next save under all keys that is acknowledged, unless a writer that had failed has its
/// effect after that. Where a secret that is marked for deletion holds the grant's record, the next
/// name depends on the client, which not all saves give.
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
        let saves = || {
            let all = run.saves();
            all.filter(|save| save.operation.grant() == Some(grant))
        };
        let is_excused = match run.program.grants[grant] {
            Keys::Mixed => {
                let last = saves().last();
                let may_follow = |save: &Event| {
                    let is_after = |last: &Event| run.effect_until(save) >= last.began;
                    !save.is_acknowledged() && last.is_none_or(is_after)
                };
                saves().any(may_follow)
            }
            Keys::OwnIdFirst => saves().next().is_none_or(|first| !first.is_acknowledged()),
            Keys::WithUser | Keys::OwnId | Keys::Renewed => false,
        };
        let is_occupied = run.ledger.iter().any(|entry| {
            let occupied_by = entry.occupied_by.as_ref();
            occupied_by.is_some_and(|record| grant_of_columns(record) == Some(grant))
        });
        if !is_excused && !is_occupied {
            return Err(format!("grant {grant} has the records {ids:?}"));
        }
    }
    Ok(())
}

/// Where two records of a grant became one, AWS does not hold a value that was replaced before the
/// save which changed one of them last began, if that was acknowledged.
pub fn merged_record_has_what_was_saved_last(run: &Run) -> Result<(), Violation> {
    for last in run.saves() {
        let (Some(id), Some(grant)) = (last.saved_id(), last.operation.grant()) else {
            continue;
        };
        // Saves that began when all could see what it saved make one of the records first.
        let is_apart = |save: &Event| {
            run.is_before(save, last) || save.began > last.ended + LONGEST_LAG + SETTLING
        };
        let mut others = run.saves().filter(|save| !std::ptr::eq(*save, last));
        let is_mixed = run.program.grants[grant] == Keys::Mixed;
        let mut ledger = run.ledger.iter();
        let merged = ledger.find(|entry| {
            entry.time > last.ended && entry.name.ends_with(id) && entry.record.is_none()
        });
        let Some(merged) = merged.filter(|_| is_mixed && others.all(is_apart)) else {
            continue;
        };
        for (entry, until) in run.held().filter(|(_, until)| *until > merged.time) {
            let record = entry.record.iter();
            let mut record = record.filter(|record| grant_of_columns(record) == Some(grant));
            let Some(record) = record.next() else {
                continue;
            };
            let old = UNIQUE.into_iter().find(|&field| {
                let value = record.get(field.as_str());
                let writers = value.map_or_else(Vec::new, |value| run.writers(field, value));
                last.writes(field) && run.are_before(&writers, last)
            });
            if let Some(field) = old {
                return Err(format!(
                    "until {until:?} AWS holds an older {field} than that of [{}], whose record \
                     became another at {:?}",
                    last.operation, merged.time
                ));
            }
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
        let writers = run.writers_of(field, record);
        save.writes(field) && (writers.is_empty() || run.are_before(&writers, save))
    })
}
