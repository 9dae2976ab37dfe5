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
    let mut merged_id = String::new();
    let mut retry = Retry::new();
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
        // What was saved into the other record while both were merged is later than that.
        let is_merged = merged_id == other.id() && remaining.as_ref() == Some(&own.token);
        let (stays, goes) = match strength(&own.token) <= strength(&other.token) {
            true => (own, other),
            false => (other, own),
        };
        let (earlier, later) = match is_merged || is_later(&goes, &stays) {
            true => (&stays, &goes),
            false => (&goes, &stays),
        };
        let both = matching::merged(&earlier.token, &later.token)?;
        match replace(core, &stays, both).await? {
            Step::Saved(merged) => {
                let inserted = stays.metadata.unsettled.unchanged(&stays.token, &merged);
                current = (merged.clone(), inserted);
                remaining = Some(merged);
                goes.id().clone_into(&mut merged_id);
                // Changes that others have saved into it meanwhile are merged, too.
                if let Some(error) = delete_unchanged(core, &merged_id, Slot::Record(goes)).await? {
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

/// Whether AWS has made this version later than the other one, as far as it says so.
fn is_later(one: &StoredRecord, other: &StoredRecord) -> bool {
    match (one.created, other.created) {
        (Some(one), Some(other)) => one > other,
        _ => false,
    }
}

/// Writes what two records have together into the one that stays.
async fn replace(core: &Core, stays: &StoredRecord, both: OAuthToken) -> Result<Step, Error> {
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
    let mut attempt = Attempt::new(core);
    write(core, secret, content, &stays.version, &mut attempt).await
}
