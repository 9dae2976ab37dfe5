//! Making one record of two that were inserted at the same time under different names.
//!
//! The id of a new record is derived from its strongest field. If two processes insert the same
//! token at the same time, one with the user and one without, neither sees the other's record and
//! CreateSecret does not refuse either. So a new record is marked as unsettled, and whoever saves it
//! while it is young reads the other names that its token could have been inserted under.

use std::sync::Arc;

use super::core::Core;
use super::delete::delete_read;
use super::lookup_plan::LookupPlan;
use super::read::{Reads, read_by_name, read_now};
use super::retry::Retry;
use super::write::{Attempt, Content, LONGEST_WRITE, Step, write};
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::format::document::Metadata;
use crate::secrets_manager::format::fingerprint;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, Field, OAuthToken, matching};

/// Whether another record of the same token may exist.
pub(crate) fn is_unsettled(core: &Core, metadata: &Metadata) -> bool {
    let now = core.cache.now().wall;
    let inserted = metadata.unsettled.as_ref();
    inserted.is_some_and(|write| !write.is_older_than(LONGEST_WRITE, now))
}

/// Merges other records of the same token into the strongest one, and deletes them. Returns the
/// record that remains, or `None` if there is no other record.
pub(crate) async fn settle(
    core: &Arc<Core>,
    token: &OAuthToken,
) -> Result<Option<OAuthToken>, Error> {
    let mut remaining = None;
    let mut retry = Retry::new();
    loop {
        let current = remaining.as_ref().unwrap_or(token);
        let Some(other) = another(core, current).await? else {
            return Ok(remaining);
        };
        let own = match read_now(core, current.id().unwrap_or_default()).await? {
            Slot::Record(own) => own,
            // It was merged into the other one, or deleted, by somebody else.
            Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => {
                return Ok(Some(other.token.clone()));
            }
        };
        let (stays, goes) = match strength(&own.token) <= strength(&other.token) {
            true => (own, other),
            false => (other, own),
        };
        match merge(core, &stays, &goes).await? {
            Step::Saved(merged) => {
                let id = goes.id().to_owned();
                delete_read(core, &id, Slot::Record(goes)).await?;
                remaining = Some(merged);
            }
            Step::Again => retry.again()?,
            Step::Wait(error) | Step::Occupied(error) => retry.wait(error).await?,
        }
    }
}

/// Reads the names that the token could have been inserted under, and returns a record that is not
/// its own and shares a field.
async fn another(core: &Arc<Core>, token: &OAuthToken) -> Result<Option<Arc<StoredRecord>>, Error> {
    let fingerprints = core.fingerprints().await?;
    let partial = token.to_builder().without(Field::Id).build()?;
    let mut plan = LookupPlan::new(fingerprints, &partial);
    let own = token.id().unwrap_or_default();
    loop {
        let unread: Vec<_> = plan.next_derived();
        let unread: Vec<_> = unread.into_iter().filter(|id| !plan.has_read(id)).collect();
        let Some(id) = unread.into_iter().next() else {
            return Ok(None);
        };
        if id == own {
            plan.learn(vec![(id, Slot::Absent)]);
            continue;
        }
        let slot = read_by_name(core, &id, Reads::Own).await?;
        if let Slot::Record(record) = &slot {
            let mut fields = matching::identifying_fields(&partial);
            if fields.any(|field| matching::matches(&partial, &record.token, field)) {
                return Ok(Some(record.clone()));
            }
        }
        plan.learn(vec![(id, slot)]);
    }
}

/// Records with a stronger field to derive an id from come first, then those with the lower id.
fn strength(token: &OAuthToken) -> (usize, Option<&str>) {
    (fingerprint::id_strength(token), token.id())
}

/// Writes what only one of two records has into the one that stays.
async fn merge(core: &Core, stays: &StoredRecord, goes: &StoredRecord) -> Result<Step, Error> {
    let both = matching::merged(&goes.token, &stays.token)?;
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
