//! Inserting a new record: CreateSecret, and what to do if it is refused.

use super::core::Core;
use super::read::read_now;
use super::restore::{describe_own, restore};
use super::write::{Attempt, Content, Step, write};
use crate::Error;
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, UnknownFields};
use crate::secrets_manager::format::stored_record::Slot;

/// Inserts a record under its id, where a lookup has found this slot.
pub(crate) async fn insert(
    core: &Core,
    content: Content<'_>,
    slot: Slot,
    first_version: &str,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    let id = content.record.id().unwrap_or_default();
    let name = core.names.name_of(id)?;
    let _lock = core.locks.lock(id).await;
    if core.cache.record(id).is_some() {
        return Ok(Step::Again);
    }
    match slot {
        Slot::Record(_) => Ok(Step::Again),
        Slot::Vacant { arn, version } => {
            let secret = Address {
                name: &name,
                arn: &arn,
            };
            write(core, secret, content, &version, attempt).await
        }
        Slot::Deleted => restore(core, &name, content, attempt).await,
        Slot::Absent => create(core, &name, content, first_version, attempt).await,
    }
}

async fn create(
    core: &Core,
    name: &str,
    content: Content<'_>,
    first_version: &str,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    let record = content.record;
    let (change, metadata) = content.plan(core, &attempt.write_id).await?;
    let document = document::encode(record, &metadata, &UnknownFields::default())?;
    let pending = PendingWrite::save(&core.cache, record);
    let mut is_repeated = false;
    let created = loop {
        let tags = change.added.clone();
        let created = core.aws.create(name, &document, tags, first_version).await;
        match created {
            Err(failure) if attempt.repeats(&failure).await => is_repeated = true,
            created => break created,
        }
    };
    match created {
        // An earlier request may have made the secret, and another writer may have built on it: AWS does
        // not say what is current. The cache reads that again.
        Ok(arn) if is_repeated => {
            let id = record.id().unwrap_or_default();
            core.version_is_written(id, &arn, first_version);
            pending.failed(false);
            Ok(Step::Saved(record.clone()))
        }
        Ok(arn) => {
            let version = first_version.to_owned();
            content.acknowledge(core, pending, &arn, version, metadata);
            Ok(Step::Saved(record.clone()))
        }
        Err(failure) => {
            pending.failed(failure.reason == Reason::Denied);
            refused(core, name, content, failure, attempt).await
        }
    }
}

/// Finds out why CreateSecret was refused, and goes on from there.
async fn refused(
    core: &Core,
    name: &str,
    content: Content<'_>,
    failure: Failure,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    match failure.reason {
        Reason::Deleted => return restore(core, name, content, attempt).await,
        Reason::Exists => {}
        _ => return Err(failure.error),
    }
    let record = content.record;
    match read_now(core, record.id().unwrap_or_default()).await? {
        // This creation itself, whose answer was lost.
        Slot::Record(stored) if stored.metadata.write_id.as_ref() == Some(&attempt.write_id) => {
            core.version_is_written(stored.id(), &stored.arn, &stored.version);
            core.cache.written(&stored, None);
            Ok(Step::Saved(stored.token.clone()))
        }
        Slot::Record(_) | Slot::Vacant { .. } => Ok(Step::Again),
        Slot::Deleted => Ok(Step::Wait(failure.error)),
        Slot::Absent => match describe_own(core, name).await? {
            // A secret without any value.
            Some(described) if described.current_version.is_none() => {
                let secret = Address {
                    name,
                    arn: &described.arn,
                };
                write(core, secret, content, "", attempt).await
            }
            // A value that reads do not show yet, or a secret that is gone again.
            Some(_) | None => Ok(Step::Wait(failure.error)),
        },
    }
}
