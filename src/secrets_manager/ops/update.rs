//! Updating a stored record.

use std::sync::Arc;

use tokio::time::Instant;

use super::core::Core;
use super::lookup_plan::Denoted;
use super::read::read_now;
use super::write::{Attempt, Content, Step, write};
use crate::secrets_manager::aws::calls::{Address, PutOutcome};
use crate::secrets_manager::aws::failure::Reason;
use crate::secrets_manager::format::document;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, Field, OAuthToken, matching};

/// Merges the token into the record that it denotes, and writes the result.
pub(crate) async fn update(
    core: &Core,
    token: &OAuthToken,
    denoted: &Denoted,
    started: Instant,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    let id = denoted.record.id();
    let name = core.names.name_of(id)?;
    let _lock = core.locks.lock(id).await;

    // A save builds only on a state that was read since it started, so that a save which changes
    // nothing is compared with what AWS returns now.
    let since = |record: &Arc<StoredRecord>| record.asked.monotonic >= started;
    let known = core.cache.record(id).filter(since);
    let current = match known.or_else(|| Some(denoted.record.clone()).filter(since)) {
        Some(record) => record,
        None => match read_now(core, id).await? {
            Slot::Record(record) => record,
            _ => return Ok(Step::Again),
        },
    };
    let by_id = denoted.decided_by == Field::Id;
    if !by_id && !matching::matches(token, &current.token, denoted.decided_by) {
        return Ok(Step::Again);
    }

    let record = matching::merged(&current.token, token)?;
    let secret = Address {
        name: &name,
        arn: &current.arn,
    };
    if record == current.token {
        match confirm(core, secret, &current).await? {
            Confirmed::Current => {
                core.cache.confirmed(id);
                return Ok(Step::Saved(record));
            }
            Confirmed::Outdated(step) => return Ok(step),
            // A new version with the same record is refused if this one is not current.
            Confirmed::Unknown => {}
        }
    }
    let content = Content::update(&record, &current);
    write(core, secret, content, &current.version, attempt).await
}

/// Whether a version that was read is the current one.
enum Confirmed {
    Current,
    Outdated(Step),
    Unknown,
}

/// Finds out whether a version that was read is the current one: reads may be old, puts are not.
///
/// Puts the version again, with the same id and content. AWS changes nothing then and returns "the
/// list of staging labels that are currently attached to this version of the secret"
/// ([PutSecretValue]). If it returns none, as LocalStack does, only a new version can tell.
///
/// [PutSecretValue]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
async fn confirm(
    core: &Core,
    secret: Address<'_>,
    current: &StoredRecord,
) -> Result<Confirmed, Error> {
    let document = document::encode(&current.token, &current.metadata, &current.unknown)?;
    match core.aws.put(secret, &document, &current.version).await {
        Ok(PutOutcome::Current) => Ok(Confirmed::Current),
        Ok(PutOutcome::Outdated) => {
            core.cache.forget(current.id());
            Ok(Confirmed::Outdated(Step::Again))
        }
        Ok(PutOutcome::Unknown) => Ok(Confirmed::Unknown),
        Err(failure) => match failure.reason {
            // Another program has formatted the document differently.
            Reason::Exists => Ok(Confirmed::Unknown),
            Reason::NotFound | Reason::Deleted | Reason::Throttled => {
                core.cache.forget(current.id());
                Ok(Confirmed::Outdated(Step::Wait(failure.error)))
            }
            _ => Err(failure.error),
        },
    }
}
