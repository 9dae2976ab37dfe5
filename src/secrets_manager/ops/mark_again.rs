//! Marking a secret for deletion again that was restored and could not be brought back.
//!
//! Between the restoration and this, another process may have saved a record into the secret. That
//! record must not be deleted with it.

use super::core::Core;
use super::delete::delete_secret;
use crate::Error;
use crate::secrets_manager::aws::calls::{Address, PutOutcome, Value};
use crate::secrets_manager::aws::failure::{Failure, Reason};

/// Marks a secret for deletion if it still holds this tombstone. Another role may be able to bring it
/// back, so it stays recoverable.
pub(crate) async fn mark_again(core: &Core, secret: Address<'_>, tombstone: &str) {
    if let Err(error) = mark(core, secret, tombstone).await {
        tracing::warn!(secret = secret.name, %error, "a secret without a token stays restored");
    }
}

async fn mark(core: &Core, secret: Address<'_>, tombstone: &str) -> Result<(), Error> {
    let failed = |failure: Failure| failure.error;
    if !holds(core, secret, tombstone).await.map_err(failed)? {
        return Ok(());
    }
    let deletion = core.aws.recoverable_deletion();
    delete_secret(core, secret, deletion)
        .await
        .map_err(failed)?;
    // A record may have been saved between the last two calls.
    let described = core.aws.describe(secret.name).await.map_err(failed)?;
    if described.is_deleted && described.current_version.as_deref() != Some(tombstone) {
        core.aws.restore(secret).await.map_err(failed)?;
        return core.aws.replicate(secret).await.map_err(failed);
    }
    Ok(())
}

/// Whether this tombstone is the current version. A read may be old, so it is put again, with the same
/// content: that changes nothing, and the response tells.
async fn holds(core: &Core, secret: Address<'_>, tombstone: &str) -> Result<bool, Failure> {
    let text = match core.aws.get(secret.name).await? {
        Value::Text { text, version, .. } if version == tombstone => text,
        Value::Text { .. } | Value::Binary { .. } | Value::NotFound | Value::Deleted => {
            return Ok(false);
        }
    };
    match core.aws.put_tombstone(secret, &text, tombstone).await {
        // AWS always says whether it is. LocalStack does not, and its reads are never old.
        Ok(PutOutcome::Current | PutOutcome::Unknown) => Ok(true),
        Ok(PutOutcome::Outdated) => Ok(false),
        Err(failure) if failure.reason == Reason::Exists => Ok(false),
        Err(failure) => Err(failure),
    }
}
