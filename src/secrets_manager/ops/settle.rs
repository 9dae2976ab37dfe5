//! Making one record of two that were inserted at the same time under different names.
//!
//! The id of a new record is derived from its strongest field. If two processes insert the same
//! token at the same time, one with the user and one without, neither sees the other's record and
//! CreateSecret does not refuse either. So a new record is marked as unsettled, and whoever saves it
//! while it is young reads the other names that its token could have been inserted under.
//!
//! Records may share values otherwise: for example, if a save by id gives one the user of the
//! other. Those stay apart. Two records were inserted at the same time if they share a field that
//! has not changed in either since its insertion: else the second save would have found the first
//! record by that field. Both must have kept their users and clients, too: records that disagree in
//! them are inserted one after the other.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::try_join_all;

use super::core::Core;
use super::delete::delete_unchanged;
use super::lookup_plan::LookupPlan;
use super::read::{Reads, read_by_name, read_now};
use super::retry::Retry;
use super::write::{Attempt, Content, Step, is_unsettled, write};
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::format::fingerprint;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::secrets_manager::format::tags::Index;
use crate::{Error, Field, OAuthToken, matching};

/// Settles a record that a save is about to update. Returns whether there was another record.
pub(crate) async fn settle_stored(core: &Arc<Core>, stored: &StoredRecord) -> Result<bool, Error> {
    if !is_unsettled(core, &stored.metadata) {
        return Ok(false);
    }
    let settled = settle(core, &stored.token, &stored.metadata.unsettled).await?;
    Ok(settled.is_some())
}

/// Merges other records of the same token into the strongest one, and deletes them. Where they differ,
/// the one that was changed last counts. Returns the record that remains, or `None` if there is no
/// other record.
///
/// `inserted` has the fields of the record that have not changed since it was inserted.
pub(crate) async fn settle(
    core: &Arc<Core>,
    token: &OAuthToken,
    inserted: &Index,
) -> Result<Option<OAuthToken>, Error> {
    let mut current = (token.clone(), inserted.clone());
    let mut remaining = None;
    let mut merged: Option<Merged> = None;
    let mut retry = Retry::new();
    let mut attempt = Attempt::new(core);
    loop {
        let (token, inserted) = &current;
        let Some(other) = another(core, token, inserted).await? else {
            return Ok(remaining);
        };
        let own = match read_now(core, token.id().unwrap_or_default()).await? {
            Slot::Record(own) => own,
            // It was merged into the other one, or deleted, by somebody else.
            Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => {
                return Ok(Some(other.token.clone()));
            }
        };
        if !are_the_same(&own.token, &own.metadata.unsettled, &other) {
            // It has changed since.
            current = (own.token.clone(), own.metadata.unsettled.clone());
            retry.again()?;
            continue;
        }
        let merged_before = merged
            .as_ref()
            .filter(|merged| merged.id == other.id() && remaining.as_ref() == Some(&own.token));
        let own_is_stronger = strength(&own.token) <= strength(&other.token);
        let other_is_later = match merged_before {
            // What was saved into the other record while both were merged is later than that.
            Some(merged) => changed(&other) > merged.changed,
            // Where nothing tells, the values of the stronger record count.
            None if own_is_stronger => is_later(&other, &own),
            None => !is_later(&own, &other),
        };
        let both = match other_is_later {
            true => matching::merged(&own.token, &other.token)?,
            false => matching::merged(&other.token, &own.token)?,
        };
        let (stays, goes) = match own_is_stronger {
            true => (own, other),
            false => (other, own),
        };
        match replace(core, &stays, both, &mut attempt).await? {
            Step::Saved(saved) => {
                let inserted = stays.metadata.unsettled.unchanged(&stays.token, &saved);
                current = (saved.clone(), inserted);
                remaining = Some(saved);
                let id = goes.id().to_owned();
                merged = Some(Merged {
                    changed: changed(&stays).max(changed(&goes)),
                    id: id.clone(),
                });
                attempt = Attempt::new(core);
                // Changes that others have saved into it meanwhile are merged, too.
                if let Some(error) = delete_unchanged(core, &id, Slot::Record(goes)).await? {
                    retry.wait(error).await?;
                }
            }
            Step::Again => retry.again()?,
            Step::Wait(error) | Step::Occupied(error) => retry.wait(error).await?,
        }
    }
}

/// Reads the names that the token could have been inserted under, and returns another record of the
/// same token.
async fn another(
    core: &Arc<Core>,
    token: &OAuthToken,
    inserted: &Index,
) -> Result<Option<Arc<StoredRecord>>, Error> {
    let fingerprints = core.fingerprints().await?;
    let mut partial = token.to_builder().without(Field::Id);
    for &field in matching::IDENTIFYING_FIELDS {
        if !inserted.has(field) {
            partial = partial.without(field);
        }
    }
    // The fields that are left may not identify a record.
    let Ok(partial) = partial.build() else {
        return Ok(None);
    };
    let mut plan = LookupPlan::new(fingerprints, &partial);
    let own = token.id().unwrap_or_default().to_owned();
    plan.learn(vec![(own, Slot::Absent)]);
    loop {
        let unread = plan.next_derived();
        if unread.is_empty() {
            return Ok(None);
        }
        let read = unread.into_iter().map(async |id| {
            let slot = read_by_name(core, &id, Reads::Own).await?;
            Ok::<_, Error>((id, slot))
        });
        let slots = try_join_all(read).await?;
        let mut records = slots.iter().filter_map(|(_, slot)| match slot {
            Slot::Record(record) => Some(record),
            Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => None,
        });
        if let Some(other) = records.find(|other| are_the_same(token, inserted, other)) {
            return Ok(Some(other.clone()));
        }
        plan.learn(slots);
    }
}

/// Whether two records were inserted for the same token at the same time.
fn are_the_same(token: &OAuthToken, inserted: &Index, other: &StoredRecord) -> bool {
    matching::IDENTIFYING_FIELDS.iter().any(|&field| {
        inserted.has(field)
            && other.metadata.unsettled.has(field)
            && matching::matches(token, &other.token, field)
    })
}

/// Records with a stronger field to derive an id from come first, then those with the lower id.
fn strength(token: &OAuthToken) -> (usize, Option<&str>) {
    (fingerprint::id_strength(token), token.id())
}

/// A record that was merged into the one that stays.
struct Merged {
    id: String,
    /// When the later one of the two had been changed.
    changed: Option<SystemTime>,
}

/// Whether a record was changed later than the other one, as far as anything tells.
fn is_later(one: &StoredRecord, other: &StoredRecord) -> bool {
    match (changed(one), changed(other)) {
        (Some(one), Some(other)) => one > other,
        _ => false,
    }
}

/// When a record was changed, by AWS's clock.
///
/// That is when its version was made, unless the version may have been made for its lease alone. Then
/// it is when the last of its tokens was saved, by the difference between the two writes.
fn changed(record: &StoredRecord) -> Option<SystemTime> {
    let (created, metadata) = (record.created?, &record.metadata);
    let saved = metadata.index.writes().max();
    let since = match (&metadata.refresh_lease, &metadata.write_id, saved) {
        (Some(_), Some(written), Some(saved)) => written.later_than(saved),
        _ => Duration::ZERO,
    };
    created.checked_sub(since)
}

/// Writes what two records have together into the one that stays.
async fn replace(
    core: &Core,
    stays: &StoredRecord,
    both: OAuthToken,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    let both = both.to_builder().id(stays.id()).build()?;
    if both == stays.token {
        return Ok(Step::Saved(both));
    }
    let name = core.names.name_of(stays.id())?;
    let secret = Address {
        name: &name,
        arn: &stays.arn,
    };
    let content = Content::update(&both, stays);
    write(core, secret, content, &stays.version, attempt).await
}
