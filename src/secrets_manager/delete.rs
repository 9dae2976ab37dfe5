//! Deleting a record so that it stays deleted, even if its secret is restored.

use std::sync::Arc;

use super::Core;
use super::document;
use super::failure::Reason;
use super::lookup::Slot;
use super::patience::Patience;
use super::save::Unsettled;
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

    /// Deletes a record that was just read. Where another writer came first it answers that error instead.
    ///
    /// First a version that holds no token, then the deletion: a secret that is restored, to be written anew or by
    /// hand, brings no deleted token back. The token stays readable as AWSPREVIOUS for as long as the secret does.
    async fn delete_slot(&self, id: &str, slot: Slot) -> Result<Option<Error>, Error> {
        let _unsettled = Unsettled::new(&self.cache, id);
        let name = self.naming.name_of(id)?;
        match slot {
            Slot::Absent | Slot::Deleted => return Ok(None),
            Slot::Vacant { .. } => {}
            Slot::Record(entry) => {
                let put = self
                    .api
                    .put(
                        &name,
                        document::encode_tombstone(id),
                        &version::successor(&entry.version),
                    )
                    .await;
                match put.map_err(|failure| (failure.reason, failure.error)) {
                    Ok(()) => {}
                    Err((Reason::NotFound | Reason::Deleted, _)) => return Ok(None),
                    Err((Reason::Exists, error)) => return Ok(Some(error)),
                    // No room for another version today, but a deletion must not depend on that.
                    Err((Reason::Limit, error)) => {
                        tracing::warn!(secret = name, %error, "deleting the secret with its token in the last version");
                    }
                    Err((_, error)) => return Err(error),
                }
            }
        }
        match self.api.delete(&name).await {
            Ok(()) => Ok(None),
            Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::Deleted) => {
                Ok(None)
            }
            Err(failure) => Err(failure.error),
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
