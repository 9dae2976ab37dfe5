//! Inserting a new record: CreateSecret, and what to do if it is refused.

use super::compare_and_swap::Succession;
use super::core::Core;
use super::read::read_now;
use super::restore::{describe_own, restore};
use super::write::{Content, Step, index_tags, write};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, UnknownFields};
use crate::secrets_manager::format::stored_record::Slot;
use crate::{Error, OAuthToken};

/// Inserts a record under its id, where a lookup has found this slot.
pub(crate) async fn insert(
    core: &Core,
    record: &OAuthToken,
    slot: Slot,
    first_version: &str,
    succession: &mut Succession,
) -> Result<Step, Error> {
    let id = record.id().unwrap_or_default();
    let name = core.names.name_of(id)?;
    let _lock = core.locks.lock(id).await;
    if core.cache.record(id).is_some() {
        return Ok(Step::Again);
    }
    match slot {
        Slot::Record(_) => Ok(Step::Again),
        Slot::Vacant { version } => {
            write(core, &name, Content::fresh(record), &version, succession).await
        }
        Slot::Deleted => restore(core, &name, record, succession).await,
        Slot::Absent => create(core, &name, record, first_version, succession).await,
    }
}

async fn create(
    core: &Core,
    name: &str,
    record: &OAuthToken,
    first_version: &str,
    succession: &mut Succession,
) -> Result<Step, Error> {
    let document = document::encode(record, &UnknownFields::default())?;
    let tags = index_tags(core, record, None).await?;
    let pending = PendingWrite::save(&core.cache, record);
    match core.aws.create(name, &document, tags, first_version).await {
        Ok(()) => Ok(Content::fresh(record).acknowledge(pending, first_version.to_owned())),
        Err(failure) => {
            pending.failed(failure.reason == Reason::Denied);
            refused(core, name, record, first_version, failure, succession).await
        }
    }
}

/// Finds out why CreateSecret was refused, and goes on from there.
async fn refused(
    core: &Core,
    name: &str,
    record: &OAuthToken,
    first_version: &str,
    failure: Failure,
    succession: &mut Succession,
) -> Result<Step, Error> {
    match failure.reason {
        Reason::Deleted => return restore(core, name, record, succession).await,
        Reason::Exists => {}
        Reason::Throttled => return Ok(Step::Wait(failure.error)),
        _ => return Err(failure.error),
    }
    match read_now(core, record.id().unwrap_or_default()).await? {
        // This creation itself, whose answer was lost.
        Slot::Record(stored) if stored.version == first_version => {
            core.cache.written(&stored, None);
            Ok(Step::Saved(stored.token.clone()))
        }
        Slot::Record(_) | Slot::Vacant { .. } => Ok(Step::Again),
        Slot::Deleted => Ok(Step::Wait(failure.error)),
        Slot::Absent => match describe_own(core, name).await? {
            // A secret without any value.
            Some(secret) if secret.current_version.is_none() => {
                write(core, name, Content::fresh(record), "", succession).await
            }
            // A value that reads do not show yet, or a secret that is gone again.
            Some(_) | None => Ok(Step::Wait(failure.error)),
        },
    }
}
