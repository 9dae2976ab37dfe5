//! A put that was refused because the secret was marked for deletion or gone.
//!
//! That does not prove that the put was never executed: an earlier request of it may have been, or
//! may be yet, once the secret is restored. Another writer may then build on its version, and a save
//! that reads and merges again would undo that writer's change. So the same put is made again before
//! any other one into that secret.

use secrecy::SecretString;

use super::core::Core;
use crate::OAuthToken;
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;

pub(crate) struct RefusedPut {
    pub(crate) arn: String,
    pub(crate) version: String,
    pub(crate) document: SecretString,
    pub(crate) record: OAuthToken,
}

impl RefusedPut {
    /// Makes the put again. Returns whether it has been executed, now or before; if not, it never
    /// will be, because its version has another content.
    pub(crate) async fn is_executed(
        &self,
        core: &Core,
        secret: Address<'_>,
    ) -> Result<bool, Failure> {
        let pending = PendingWrite::save(&core.cache, &self.record);
        match core.aws.put(secret, &self.document, &self.version).await {
            Ok(_) => {
                let id = self.record.id().unwrap_or_default();
                core.version_is_written(id, secret.arn, &self.version);
                // Another writer may have built on it. The cache reads that again.
                pending.failed(false);
                Ok(true)
            }
            Err(failure) if failure.reason == Reason::Exists => {
                pending.failed(true);
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }
}
