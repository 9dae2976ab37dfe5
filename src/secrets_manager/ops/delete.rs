//! Deleting a record so that it stays deleted even if its secret is restored.

use super::compare_and_swap::{Put, swap};
use super::core::Core;
use super::read::read_surely;
use super::retry::Retry;
use super::succession::Succession;
use super::write::Attempt;
use crate::Error;
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::deletion::Deletion;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::known_states::State;
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, Metadata};
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};

/// Deletes the record with this id.
pub(crate) async fn delete(core: &Core, id: &str) -> Result<(), Error> {
    let mut retry = Retry::new();
    let mut succession = Succession::default();
    loop {
        let contended = {
            let _lock = core.locks.lock(id).await;
            let slot = read_surely(core, id).await?;
            delete_slot(core, id, slot, &mut succession).await?
        };
        match contended {
            None => return Ok(()),
            Some(error) => retry.wait(error).await?,
        }
    }
}

/// Deletes a record that was just read. Reads it again only if another process wrote it.
pub(crate) async fn delete_read(core: &Core, id: &str, slot: Slot) -> Result<(), Error> {
    match delete_unchanged(core, id, slot).await? {
        None => Ok(()),
        Some(_) => delete(core, id).await,
    }
}

/// Deletes a record that was just read, unless it has changed since. Returns an error to wait for
/// if it has, or if AWS throttles.
pub(crate) async fn delete_unchanged(
    core: &Core,
    id: &str,
    slot: Slot,
) -> Result<Option<Error>, Error> {
    let _lock = core.locks.lock(id).await;
    delete_slot(core, id, slot, &mut Succession::default()).await
}

/// Deletes a record that was just read. Returns an error to wait for if another writer came first
/// or if AWS throttles.
///
/// First it puts a version that holds no token, then it deletes the secret: a secret that is
/// restored, to be written again or by hand, brings no deleted token back. The token stays readable
/// under the staging label AWSPREVIOUS as long as the secret exists.
async fn delete_slot(
    core: &Core,
    id: &str,
    slot: Slot,
    succession: &mut Succession,
) -> Result<Option<Error>, Error> {
    let _pending = PendingWrite::deletion(&core.cache, id);
    let name = core.names.name_of(id)?;
    let (arn, version, record) = match &slot {
        Slot::Absent | Slot::Deleted => {
            core.cache.found_gone(id);
            return Ok(None);
        }
        // The read may be old, and a record may have been put on top of the tombstone since. Only
        // another tombstone tells.
        Slot::Vacant { arn, version } => (arn.clone(), version.as_ref(), None),
        Slot::Record(stored) => (stored.arn.clone(), stored.version.as_str(), Some(stored)),
    };
    let secret = Address {
        name: &name,
        arn: &arn,
    };
    let document = document::encode_tombstone(id, core.cache.now().wall);
    let put = Put::Tombstone(&document);
    let tombstone = match swap(core, secret, put, version, succession).await {
        Ok(swapped) if swapped.is_current => {
            core.version_is_written(id, &arn, &swapped.version);
            Some(swapped.version)
        }
        // Another writer has put a record on top of the tombstone.
        Ok(_) => return Ok(Some(Failure::outrun(&name).error)),
        Err(failure) => match failure.reason {
            Reason::NotFound | Reason::Deleted => {
                core.cache.found_gone(id);
                return Ok(None);
            }
            Reason::Exists | Reason::Throttled => return Ok(Some(failure.error)),
            // There is no room for another version today; a deletion must not depend on it.
            Reason::Limit => {
                let error = failure.error;
                tracing::warn!(secret = name, %error, "deleting without a tombstone");
                None
            }
            _ => return Err(failure.error),
        },
    };
    let error = match delete_secret(core, secret, core.aws.deletion).await {
        Ok(()) => None,
        Err(failure) => match failure.reason {
            Reason::NotFound | Reason::Deleted => None,
            Reason::Throttled => Some(failure.error),
            Reason::Denied => {
                let (Some(stored), Some(tombstone)) = (record, tombstone) else {
                    return Err(failure.error);
                };
                let is_back = put_back(core, secret, stored, &tombstone).await;
                return Err(match is_back {
                    Ok(()) => failure.error,
                    Err(error) => not_put_back(&name, &failure.error, &error),
                });
            }
            _ => return Err(failure.error),
        },
    };
    if error.is_none() {
        core.cache.accept_state(id, &State::Gone);
    }
    Ok(error)
}

/// Deletes a secret; if it has replicas, removes them first.
pub(crate) async fn delete_secret(
    core: &Core,
    secret: Address<'_>,
    deletion: Deletion,
) -> Result<(), Failure> {
    match core.aws.delete(secret, deletion).await {
        Err(failure) if failure.reason == Reason::Replicated => {}
        deleted => return deleted,
    }
    let described = core.aws.describe(secret.name).await?;
    core.aws
        .remove_replicas(secret, described.replica_regions)
        .await?;
    core.aws.delete(secret, deletion).await
}

/// Puts the record back in place of its tombstone, after the deletion was not allowed.
async fn put_back(
    core: &Core,
    secret: Address<'_>,
    stored: &StoredRecord,
    tombstone: &str,
) -> Result<(), Error> {
    let mut attempt = Attempt::new(core);
    let metadata = Metadata {
        write_id: Some(attempt.write_id.clone()),
        ..stored.metadata.clone()
    };
    let document = document::encode(&stored.token, &metadata, &stored.unknown)?;
    let put = Put::Record(&document);
    loop {
        match swap(core, secret, put, tombstone, &mut attempt.succession).await {
            Ok(swapped) => {
                core.version_is_written(stored.id(), secret.arn, &swapped.version);
                return Ok(());
            }
            Err(failure) if attempt.repeats(&failure).await => {}
            // Another process has saved a record in its place.
            Err(failure) if failure.reason == Reason::Exists => return Ok(()),
            Err(failure) => return Err(failure.error),
        }
    }
}

/// The error of a deletion that was not allowed and has removed the record from lookups nevertheless.
fn not_put_back(name: &str, denied: &Error, cause: &Error) -> Error {
    tracing::warn!(secret = name, error = %cause, "a token whose deletion was not allowed is not back");
    let problem = "the secret may not be deleted, and the token that was removed from it could not be \
                   put back; its version is AWSPREVIOUS";
    let error = Error::new(denied.kind(), problem)
        .about_secret(name)
        .with_request_id(denied.request_id())
        .with_shared_source(denied)
        .advise("bring it back with `undelete`, or allow the deletion and delete it again");
    match denied.missing_action() {
        Some(action) => error.with_missing_action(action),
        None => error,
    }
}
