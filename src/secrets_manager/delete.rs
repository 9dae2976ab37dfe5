//! Deleting a record so that it stays deleted, even if its secret is restored.

use std::sync::Arc;

use super::Core;
use super::cache::Unsettled;
use super::document;
use super::entry::Entry;
use super::failure::{Failure, Reason};
use super::lookup::Slot;
use super::patience::Patience;
use super::version;
use crate::Error;

impl Core {
    /// Deletes the record with this id.
    pub(super) async fn delete(&self, id: &str) -> Result<(), Error> {
        let mut patience = Patience::new();
        loop {
            let contended = {
                let _turn = self.turn(id).await;
                let slot = self.read_now(id).await?;
                self.delete_slot(id, slot).await?
            };
            match contended {
                None => return Ok(()),
                Some(error) => patience.wait(error).await?,
            }
        }
    }

    /// Deletes a record that was just read. Where another writer came first it answers that error.
    ///
    /// First a version that holds no token, then the deletion: a secret that is restored, to be
    /// written anew or by hand, brings no deleted token back. The token stays readable as
    /// AWSPREVIOUS for as long as the secret does.
    async fn delete_slot(&self, id: &str, slot: Slot) -> Result<Option<Error>, Error> {
        let _unsettled = Unsettled::new(&self.cache, id);
        let name = self.naming.name_of(id)?;
        let record = match slot {
            Slot::Absent | Slot::Deleted => return Ok(None),
            Slot::Vacant { .. } => None,
            Slot::Record(entry) => {
                let tombstone = version::successor(&entry.version);
                match self
                    .api
                    .put(&name, document::encode_tombstone(id), &tombstone)
                    .await
                {
                    Ok(()) => Some((entry, tombstone)),
                    Err(Failure {
                        reason: Reason::NotFound | Reason::Deleted,
                        ..
                    }) => return Ok(None),
                    Err(Failure {
                        reason: Reason::Exists,
                        error,
                    }) => return Ok(Some(error)),
                    // No room for another version today, but a deletion must not depend on that.
                    Err(Failure {
                        reason: Reason::Limit,
                        error,
                    }) => {
                        tracing::warn!(secret = name, %error, "deleting without a tombstone");
                        None
                    }
                    Err(failure) => return Err(failure.error),
                }
            }
        };
        match self.api.delete(&name).await {
            Ok(()) => Ok(None),
            Err(Failure {
                reason: Reason::NotFound | Reason::Deleted,
                ..
            }) => Ok(None),
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

    /// Who may not delete must not have deleted: the record comes back in place of the tombstone.
    async fn put_back(&self, name: &str, entry: &Entry, tombstone: &str) {
        let put = match document::encode(&entry.token, &entry.unknown) {
            Ok(document) => {
                let put = self
                    .api
                    .put(name, document, &version::successor(tombstone))
                    .await;
                put.map_err(|failure| failure.error)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = put {
            tracing::warn!(secret = name, %error, "a token that may not be deleted is AWSPREVIOUS now");
        }
    }

    /// Deletes what a listing has read, without reading it again unless somebody else wrote it.
    pub(super) async fn delete_listed(self: &Arc<Self>, id: &str, slot: Slot) -> Result<(), Error> {
        let contended = {
            let _turn = self.turn(id).await;
            self.delete_slot(id, slot).await?
        };
        match contended {
            None => Ok(()),
            Some(_) => self.delete(id).await,
        }
    }
}
