//! Deleting a record so that it stays deleted, even if its secret is restored.

use std::time::SystemTime;

use crate::Error;
use crate::secrets_manager::Core;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document;
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::version_id::Succession;
use crate::secrets_manager::ops::find::Slot;
use crate::secrets_manager::ops::retry::Retry;

impl Core {
    /// Deletes the record with this id.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), Error> {
        let mut retry = Retry::new();
        let mut succession = Succession::default();
        loop {
            let contended = {
                let _turn = self.turn(id).await;
                let slot = self.read_now(id).await?;
                self.delete_slot(id, slot, &mut succession).await?
            };
            match contended {
                None => return Ok(()),
                Some(error) => retry.wait(error).await?,
            }
        }
    }

    /// Deletes what a listing has read, without reading it again unless somebody else wrote it.
    pub(crate) async fn delete_listed(&self, id: &str, slot: Slot) -> Result<(), Error> {
        let contended = {
            let _turn = self.turn(id).await;
            self.delete_slot(id, slot, &mut Succession::default())
                .await?
        };
        match contended {
            None => Ok(()),
            Some(_) => self.delete(id).await,
        }
    }

    /// Deletes a record that was just read. Where another writer came first, or AWS throttles, it
    /// answers that error.
    ///
    /// First a version that holds no token, then the deletion: a secret that is restored, to be
    /// written anew or by hand, brings no deleted token back. The token stays readable as
    /// AWSPREVIOUS for as long as the secret does.
    async fn delete_slot(
        &self,
        id: &str,
        slot: Slot,
        succession: &mut Succession,
    ) -> Result<Option<Error>, Error> {
        let _unsettled = PendingWrite::deletion(&self.cache, id);
        let name = self.names.name_of(id)?;
        let record = match slot {
            Slot::Absent | Slot::Deleted => return Ok(None),
            Slot::Vacant { .. } => None,
            Slot::Record(entry) => {
                let document = document::encode_tombstone(id, SystemTime::now());
                let put = self
                    .swap(&name, &document, &entry.version, succession)
                    .await;
                match put.map_err(|Failure { reason, error }| (reason, error)) {
                    Ok(tombstone) => Some((entry, tombstone)),
                    Err((Reason::NotFound | Reason::Deleted, _)) => return Ok(None),
                    Err((Reason::Exists | Reason::Throttled, error)) => return Ok(Some(error)),
                    // No room for another version today, but a deletion must not depend on that.
                    Err((Reason::Limit, error)) => {
                        tracing::warn!(secret = name, %error, "deleting without a tombstone");
                        None
                    }
                    Err((_, error)) => return Err(error),
                }
            }
        };
        match self.delete_secret(&name).await {
            Ok(()) => Ok(None),
            Err(Failure {
                reason: Reason::NotFound | Reason::Deleted,
                ..
            }) => Ok(None),
            Err(Failure {
                reason: Reason::Throttled,
                error,
            }) => Ok(Some(error)),
            Err(Failure {
                reason: Reason::Denied,
                error,
            }) => {
                if let Some((entry, tombstone)) = record {
                    self.put_back(&name, &entry, &tombstone).await;
                }
                Err(error)
            }
            Err(failure) => Err(failure.error),
        }
    }

    /// Deletes a secret, and before that its replicas, if it has any.
    async fn delete_secret(&self, name: &str) -> Result<(), Failure> {
        match self.api.delete(name).await {
            Err(Failure {
                reason: Reason::Replicated,
                ..
            }) => {}
            deleted => return deleted,
        }
        let secret = self.api.describe(name).await?;
        let regions = secret
            .replication_status()
            .iter()
            .filter_map(|replica| replica.region());
        let regions = regions.map(str::to_owned).collect();
        self.api.remove_replicas(name, regions).await?;
        self.api.delete(name).await
    }

    /// Who may not delete must not have deleted: the record comes back in place of the tombstone.
    async fn put_back(&self, name: &str, entry: &StoredRecord, tombstone: &str) {
        let back = async {
            let document = document::encode(&entry.token, &entry.unknown)?;
            let mut succession = Succession::default();
            let swapped = self.swap(name, &document, tombstone, &mut succession).await;
            swapped.map_err(|failure| failure.error)
        };
        if let Err(error) = back.await {
            tracing::warn!(secret = name, %error, "a token that may not be deleted is AWSPREVIOUS now");
        }
    }
}
