//! Deleting a record so that it stays deleted even if its secret is restored.

use super::compare_and_swap::{Succession, swap};
use super::core::Core;
use super::read::read_now;
use super::retry::Retry;
use crate::Error;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};

/// Deletes the record with this id.
pub(crate) async fn delete(core: &Core, id: &str) -> Result<(), Error> {
    let mut retry = Retry::new();
    let mut succession = Succession::default();
    loop {
        let contended = {
            let _lock = core.locks.lock(id).await;
            let slot = read_now(core, id).await?;
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
    let contended = {
        let _lock = core.locks.lock(id).await;
        delete_slot(core, id, slot, &mut Succession::default()).await?
    };
    match contended {
        None => Ok(()),
        Some(_) => delete(core, id).await,
    }
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
    let record = match slot {
        Slot::Absent | Slot::Deleted => return Ok(None),
        Slot::Vacant { .. } => None,
        Slot::Record(stored) => {
            let document = document::encode_tombstone(id, core.cache.now().wall);
            match swap(core, &name, &document, &stored.version, succession).await {
                Ok(tombstone) => Some((stored, tombstone)),
                Err(failure) => match failure.reason {
                    Reason::NotFound | Reason::Deleted => return Ok(None),
                    Reason::Exists | Reason::Throttled => return Ok(Some(failure.error)),
                    // There is no room for another version today; a deletion must not depend on it.
                    Reason::Limit => {
                        let error = failure.error;
                        tracing::warn!(secret = name, %error, "deleting without a tombstone");
                        None
                    }
                    _ => return Err(failure.error),
                },
            }
        }
    };
    match delete_secret(core, &name).await {
        Ok(()) => Ok(None),
        Err(failure) => match failure.reason {
            Reason::NotFound | Reason::Deleted => Ok(None),
            Reason::Throttled => Ok(Some(failure.error)),
            Reason::Denied => {
                if let Some((stored, tombstone)) = record {
                    put_back(core, &name, &stored, &tombstone).await;
                }
                Err(failure.error)
            }
            _ => Err(failure.error),
        },
    }
}

/// Deletes a secret; if it has replicas, removes them first.
async fn delete_secret(core: &Core, name: &str) -> Result<(), Failure> {
    match core.aws.delete(name).await {
        Err(failure) if failure.reason == Reason::Replicated => {}
        deleted => return deleted,
    }
    let secret = core.aws.describe(name).await?;
    core.aws
        .remove_replicas(name, secret.replica_regions)
        .await?;
    core.aws.delete(name).await
}

/// Puts the record back in place of its tombstone, after the deletion was not allowed.
async fn put_back(core: &Core, name: &str, stored: &StoredRecord, tombstone: &str) {
    let back = async {
        let document = document::encode(&stored.token, &stored.unknown)?;
        let mut succession = Succession::default();
        let swapped = swap(core, name, &document, tombstone, &mut succession).await;
        swapped.map_err(|failure| failure.error)
    };
    if let Err(error) = back.await {
        tracing::warn!(
            secret = name, %error,
            "a token whose deletion was not allowed could not be put back; its version is AWSPREVIOUS"
        );
    }
}
