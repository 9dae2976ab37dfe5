//! Compare-and-swap: a value is put as the successor of the version it was made from.

use secrecy::SecretString;

use super::core::Core;
use super::succession::Succession;
use crate::secrets_manager::aws::calls::{Address, PutOutcome};
use crate::secrets_manager::aws::failure::{Failure, Reason};

/// The value of the new version.
#[derive(Clone, Copy)]
pub(crate) enum Put<'a> {
    Record(&'a SecretString),
    Tombstone(&'a SecretString),
}

/// The version that was put.
pub(crate) struct Swapped {
    pub(crate) version: String,
    /// Whether AWS says that it is the current version. If not, another writer has already put a
    /// version on top of it.
    pub(crate) is_current: bool,
}

/// Puts a value as the successor of this version.
///
/// A version that exists with this very content was put by this call, for the content of every
/// write is unique: then the put has succeeded before and its answer was lost, whatever is current
/// now. If another writer came first, the reason of the failure is [`Reason::Exists`].
pub(crate) async fn swap(
    core: &Core,
    secret: Address<'_>,
    value: Put<'_>,
    base: &str,
    succession: &mut Succession,
) -> Result<Swapped, Failure> {
    if succession.was_refused(base) {
        let described = core.aws.describe(secret.name).await?;
        let is_current = described.current_version.as_deref() == Some(base);
        if let Some(previous) = described.previous_version.filter(|_| is_current)
            && succession.is_rolled_back(base, &previous)
        {
            succession.rolled_back_from(previous);
        }
    }
    let version = succession.next(base);
    let put = match value {
        Put::Record(document) => core.aws.put(secret, document, &version).await,
        Put::Tombstone(document) => core.aws.put_tombstone(secret, document, &version).await,
    };
    match put {
        Ok(outcome) => Ok(Swapped {
            version,
            is_current: outcome == PutOutcome::Current,
        }),
        Err(failure) => {
            if failure.reason == Reason::Exists {
                succession.refused(base);
            }
            Err(failure)
        }
    }
}
