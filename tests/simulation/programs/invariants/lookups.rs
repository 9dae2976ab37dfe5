//! What lookups and lists return.

use std::collections::BTreeSet;
use std::time::Duration;

use zoho_token_store::{OAuthToken, matching};

use crate::aws::{Entry, LONGEST_LAG, SETTLING};
use crate::programs::history::{Event, Return, Run, UNIQUE, grant_of, grant_of_columns};
use crate::programs::program::{Keys, Operation};
use crate::support::token::{id, token};

use super::{Violation, deletions, saves};

/// What a process has saved, it finds at once, and in lists; but a record that became one with
/// another has the id of that one, and lists show that one once they are up to date.
pub fn own_writes_are_visible_at_once(run: &Run) -> Result<(), Violation> {
    for read in &run.events {
        let own = |save: &&Event| save.same_life(read) && save.ended <= read.began;
        for save in run.saves().filter(own) {
            let (Some(saved), Some(grant)) = (save.saved_id(), save.operation.grant()) else {
                continue;
            };
            if run.rolled_back(saved, save.began, read.ended)
                || became_another(run, grant, saved, read)
            {
                continue;
            }
            let records = read.records();
            let record = records.iter().find(|record| id(record) == saved);
            let older = record.and_then(|record| saves::older_than(run, save, record));
            if let Some(field) = older.filter(|_| !run.may_be_deleted_since(grant, save.began)) {
                return Err(format!(
                    "p{} does not see the {field} of its [{}] in [{}]",
                    read.process, save.operation, read.operation
                ));
            }
            let of_grant = |record: &OAuthToken| grant_of(|field| record.expose(field));
            let is_there = records.iter().any(|record| of_grant(record) == Some(grant));
            let keeps_its_id = run.program.grants[grant] != Keys::Mixed;
            let must_be_there = match (&read.result, &read.operation) {
                (Return::Listed(_), _) => true,
                (Return::Found(_), Operation::Find { columns, .. }) => {
                    read.operation.grant() == Some(grant) && asks_for(columns, save)
                }
                (Return::Found(_), _) => keeps_its_id && read.id.as_deref() == Some(saved),
                _ => false,
            };
            if must_be_there && !is_there && !run.may_be_deleted_since(grant, save.began) {
                return Err(format!(
                    "p{} does not see its [{}] of {:?} in [{}] of {:?}",
                    read.process, save.operation, save.began, read.operation, read.began
                ));
            }
        }
    }
    Ok(())
}

/// What another process has saved, a lookup by user or id returns once the time to live of the cache
/// is over, whatever happens to the clocks, and once reads have settled. If AWS cannot be reached, it
/// may be older by the time for which outdated records are served.
pub fn others_writes_are_visible_after_the_time_to_live(run: &Run) -> Result<(), Violation> {
    for read in &run.events {
        let (Return::Found(Some(record)), Some(settings)) =
            (&read.result, run.program.processes.get(read.process))
        else {
            continue;
        };
        let is_by_name = match (&read.operation, read.operation.grant()) {
            (Operation::Find { columns, .. }, Some(grant)) => {
                run.program.grants[grant] == Keys::WithUser && columns.contains("user_name=")
            }
            _ => true,
        };
        if !is_by_name || run.rolled_back(id(record), Duration::ZERO, read.ended) {
            continue;
        }
        let age = settings.cache_time_to_live + settings.serves_stale_for.unwrap_or_default();
        for field in UNIQUE {
            let writers = run.writers_of(field, record);
            let missed = run.saves().find(|save| {
                save.saved_id() == Some(id(record))
                    && save.writes(field)
                    && save.ended + age + SETTLING < read.began
                    && run.are_before(&writers, save)
            });
            if let (Some(missed), Some(old)) = (missed, writers.last()) {
                return Err(format!(
                    "p{} returned the {field} of [{}] in [{}] at {:?}, though [{}] had ended at {:?}",
                    read.process,
                    old.operation,
                    read.operation,
                    read.ended,
                    missed.operation,
                    missed.ended
                ));
            }
        }
    }
    Ok(())
}

/// What a process has deleted, it returns no more, unless somebody brings it back.
pub fn own_deletions_are_visible_at_once(run: &Run) -> Result<(), Violation> {
    let is_deletion = |event: &&Event| {
        matches!(event.operation, Operation::Delete { .. }) && event.is_acknowledged()
    };
    for deletion in run.events.iter().filter(is_deletion) {
        let own = |read: &&Event| read.same_life(deletion) && deletion.ended <= read.began;
        for read in run.events.iter().filter(own) {
            let records = read.records().iter();
            let deleted = records.filter(|record| Some(id(record)) == deletion.id.as_deref());
            for record in deleted {
                let old = UNIQUE.into_iter().find(|&field| {
                    let writers = run.writers_of(field, record);
                    deletions::covers(run, deletion, &writers, id(record))
                });
                let by_hand = run.rolled_back(id(record), deletion.began, read.ended);
                let came_back = run.may_be_undeleted(id(record), deletion.began, read.ended);
                if let Some(field) = old.filter(|_| !by_hand && !came_back) {
                    return Err(format!(
                        "p{} returns the {field} that it deleted at {:?} in [{}] at {:?}",
                        read.process, deletion.ended, read.operation, read.ended
                    ));
                }
            }
        }
    }
    Ok(())
}

/// A lookup returns a record that matches what was asked, by the record's own fields.
pub fn lookup_returns_only_a_matching_record(run: &Run) -> Result<(), Violation> {
    for read in run.events.iter().chain(&run.audit) {
        let Return::Found(Some(record)) = &read.result else {
            continue;
        };
        let matches = match &read.operation {
            Operation::Find { columns, .. } => {
                let records: [&OAuthToken; 1] = [record];
                matching::denoted(&token(columns), records).is_some()
            }
            _ => read.id.as_deref() == Some(id(record)),
        };
        if !matches {
            return Err(format!("[{}] returned another record", read.operation));
        }
    }
    Ok(())
}

/// When everything has settled, a process that knows nothing finds each record by each of its keys;
/// but what was rolled back by hand only after `reindex`.
pub fn every_key_of_a_record_finds_it(run: &Run) -> Result<(), Violation> {
    for read in &run.audit {
        let (Return::Found(found), Operation::Find { columns, .. }) =
            (&read.result, &read.operation)
        else {
            continue;
        };
        let entries = run.ledger.iter().rev();
        let id = |entry: &&Entry| entry.record.as_ref()?.get("id").cloned();
        let last = entries.into_iter().find(|entry| id(entry) == read.id);
        let by_hand = last.is_some_and(|entry| entry.is_rollback);
        // Where a grant may have two records, either is right.
        if found.is_none() && !by_hand {
            let secret = run.secrets_after.iter().find(|secret| {
                let record = secret.record();
                record.is_some_and(|record| record.get("id") == read.id.as_ref())
            });
            return Err(format!(
                "nothing is found by {columns} of the record {:?}, whose secret is {secret:#?}",
                read.id
            ));
        }
    }
    Ok(())
}

/// When everything has settled, a list has each record.
pub fn a_settled_list_is_complete(run: &Run) -> Result<(), Violation> {
    let records = run
        .secrets_after
        .iter()
        .filter_map(|secret| secret.record());
    let stored: BTreeSet<_> = records
        .filter_map(|record| record.get("id").cloned())
        .collect();
    for read in &run.audit {
        let Return::Listed(listed) = &read.result else {
            continue;
        };
        let listed: BTreeSet<_> = listed.iter().map(|record| id(record).to_owned()).collect();
        if listed != stored {
            return Err(format!("listed {listed:?} instead of {stored:?}"));
        }
    }
    Ok(())
}

/// A record that is there and that everybody can see is never reported as missing, whatever fails.
pub fn outage_is_never_none(run: &Run) -> Result<(), Violation> {
    for read in &run.events {
        let (Return::Found(None), Some(grant)) = (&read.result, read.operation.grant()) else {
            continue;
        };
        let is_visible = |save: &Event| {
            let by_name = match &read.operation {
                Operation::Find { columns, .. } => {
                    run.program.grants[grant] == Keys::WithUser && columns.contains("user_name=")
                }
                _ => read.id.as_deref() == save.saved_id(),
            };
            let after = if by_name {
                SETTLING
            } else {
                LONGEST_LAG + SETTLING
            };
            save.ended + after < read.began
        };
        let missed = run.saves().find(|save| {
            let asked = match &read.operation {
                Operation::Find { columns, .. } => asks_for(columns, save),
                // A record that became one with another has the id of that one.
                _ => run.program.grants[grant] != Keys::Mixed,
            };
            save.operation.grant() == Some(grant)
                && save.saved_id().is_some()
                && asked
                && is_visible(save)
                && !run.may_be_deleted_since(grant, save.began)
        });
        if let Some(missed) = missed {
            return Err(format!(
                "p{} found none by [{}] at {:?}, though there is [{}]",
                read.process, read.operation, read.ended, missed.operation
            ));
        }
    }
    Ok(())
}

/// Whether a record may have become one with another that lists need not show yet. Until they do,
/// a lookup without the user may find none of them, and a save without the user may insert it anew.
fn became_another(run: &Run, grant: usize, id: &str, read: &Event) -> bool {
    let lag = match run.program.freedoms.stale_lists > 0.0 {
        true => LONGEST_LAG,
        false => SETTLING,
    };
    let since = read.began.saturating_sub(lag);
    let others = run.ledger.iter().filter_map(|entry| {
        let record = entry.record.as_ref()?;
        let is_other = record.get("id").map(String::as_str) != Some(id);
        (is_other && grant_of_columns(record) == Some(grant)).then_some(entry.time)
    });
    run.program.grants[grant] == Keys::Mixed
        && others
            .into_iter()
            .any(|time| (since..=read.ended).contains(&time))
}

/// Whether a partial token denotes the record that a save returned.
fn asks_for(columns: &str, save: &Event) -> bool {
    let records: Vec<&OAuthToken> = save.records().iter().collect();
    matching::denoted(&token(columns), records).is_some()
}
