//! Saving into a secret that is marked for deletion.

use super::compare_and_swap::Succession;
use super::core::Core;
use super::write::{Content, Step, write};
use crate::secrets_manager::aws::calls::Description;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::{Error, ErrorKind, OAuthToken};

/// Restores a secret that is marked for deletion, and writes a fresh record into it.
///
/// The value is put on top of the version that the deletion left: if two processes restore the
/// secret, one of them writes and the other notices. In between, the secret holds that version: a
/// tombstone, if this crate deleted it.
pub(crate) async fn restore(
    core: &Core,
    name: &str,
    record: &OAuthToken,
    succession: &mut Succession,
) -> Result<Step, Error> {
    let in_the_way = Error::new(ErrorKind::Conflict, "the secret is being deleted")
        .about_secret(name)
        .advise("try again in a minute");
    let secret = describe_own(core, name).await?;
    let Some(secret) = secret.filter(|secret| secret.is_deleted) else {
        return Ok(Step::Wait(in_the_way));
    };
    match core.aws.restore(name).await {
        Ok(()) => {
            let version = secret.current_version.unwrap_or_default();
            let content = Content::fresh(record);
            let step = write(core, name, content, &version, succession).await?;
            // The deletion removed the replicas.
            let replicated = core.aws.replicate(name).await;
            replicated.map_err(|failure| failure.error)?;
            Ok(step)
        }
        // A forced deletion cannot be undone, only waited for.
        Err(Failure {
            reason: Reason::NotFound | Reason::Deleted | Reason::Throttled,
            error,
        }) => Ok(Step::Wait(error)),
        Err(failure) => Err(failure.error),
    }
}

/// Describes a secret of this crate's stores. Returns `None` if there is no such secret.
pub(crate) async fn describe_own(core: &Core, name: &str) -> Result<Option<Description>, Error> {
    match core.aws.describe(name).await {
        Ok(secret) if secret.is_managed() => Ok(Some(secret)),
        Ok(_) => Err(foreign(name)),
        Err(failure) if failure.reason == Reason::NotFound => Ok(None),
        Err(failure) => Err(failure.error),
    }
}

fn foreign(name: &str) -> Error {
    let problem = "a secret that does not belong to this store has the name of this record";
    Error::new(ErrorKind::Conflict, problem)
        .about_secret(name)
        .advise(
            "use another prefix, move that secret to another name, or give it the tag \
         managed-by = zoho-token-store if it is this store's",
        )
}
