//! Saving into a secret that is marked for deletion.

use super::core::Core;
use super::write::{Attempt, Content, Step, write};
use crate::secrets_manager::aws::calls::{Address, Description};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::{Error, ErrorKind};

/// Restores a secret that is marked for deletion, and writes a fresh record into it.
///
/// Only a secret that holds a tombstone is restored: between the two calls, everybody can read what
/// it holds. The value is put on top of the tombstone: if two processes restore the secret, one of
/// them writes and the other notices.
pub(crate) async fn restore(
    core: &Core,
    name: &str,
    content: Content<'_>,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    let in_the_way = Error::new(ErrorKind::Conflict, "the secret is being deleted")
        .about_secret(name)
        .advise("try again in a minute");
    let described = describe_own(core, name).await?;
    let Some(described) = described.filter(|described| described.is_deleted) else {
        return Ok(Step::Wait(in_the_way));
    };
    let Some(version) = tombstone(&described) else {
        return Ok(Step::Occupied(no_tombstone(name)));
    };
    let secret = Address {
        name,
        arn: &described.arn,
    };
    match core.aws.restore(secret).await {
        Ok(()) => {
            let step = write(core, secret, content, version, attempt).await?;
            // The deletion removed the replicas.
            let replicated = core.aws.replicate(secret).await;
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

/// The current version, if it is a tombstone.
fn tombstone(described: &Description) -> Option<&str> {
    let current = described.current_version.as_deref();
    current.filter(|current| described.tombstone.as_deref() == Some(current))
}

/// Describes a secret of this crate's stores. Returns `None` if there is no such secret.
pub(crate) async fn describe_own(core: &Core, name: &str) -> Result<Option<Description>, Error> {
    match core.aws.describe(name).await {
        Ok(described) if described.is_managed() => Ok(Some(described)),
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

fn no_tombstone(name: &str) -> Error {
    let problem = "the secret is marked for deletion and still holds a token";
    Error::new(ErrorKind::Conflict, problem)
        .about_secret(name)
        .advise(
            "save the token under another id; or restore the secret, delete the token with \
         `delete_token`, and save again",
        )
}
