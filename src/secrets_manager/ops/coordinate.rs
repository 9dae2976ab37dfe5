//! Reading and swapping one version of a record, for processes that agree on who refreshes a token.

use std::sync::Arc;

use super::core::Core;
use super::read::read_now;
use super::write::{Attempt, Content, Written, write_version};
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::Reason;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, ErrorKind, OAuthToken, RecordVersion, Swap};

/// Reads a record by name.
pub(crate) async fn read_version(core: &Core, id: &str) -> Result<Option<RecordVersion>, Error> {
    match read_now(core, id).await? {
        Slot::Record(record) => Ok(Some(version_of(record))),
        Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => Ok(None),
    }
}

/// Puts the successor of a version.
pub(crate) async fn swap_version(
    core: &Core,
    current: &RecordVersion,
    token: &OAuthToken,
    lease: Option<&str>,
) -> Result<Swap, Error> {
    let stored = current.version::<Arc<StoredRecord>>();
    let stored = stored.filter(|stored| token.id() == Some(stored.id()));
    let Some(stored) = stored else {
        return Err(Error::new(
            ErrorKind::InvalidToken,
            "the version is not one of this record in this store",
        )
        .advise("swap what `read` has returned"));
    };
    let id = stored.id();
    let name = core.names.name_of(id)?;
    let _lock = core.locks.lock(id).await;
    let mut attempt = Attempt::once(core);
    attempt.succession = core.refusals.take(id);
    let secret = Address {
        name: &name,
        arn: &stored.arn,
    };
    let content = Content::update(token, stored).with_lease(lease);
    let written = write_version(core, secret, content, &stored.version, &mut attempt).await;
    let swapped = match written {
        Ok(Written::Current(record)) => return Ok(Swap::Current(version_of(record))),
        Ok(Written::Superseded(_)) => return Ok(Swap::Superseded),
        // Nobody else has changed the record: that is no reason to read it again at once.
        Ok(Written::Refused(failure)) if failure.reason == Reason::Throttled => Err(failure.error),
        Ok(Written::Refused(_)) => Ok(Swap::Refused),
        Err(error) => Err(error),
    };
    if attempt.succession.was_refused(&stored.version) {
        core.refusals.remember(id, attempt.succession);
    }
    swapped
}

fn version_of(record: Arc<StoredRecord>) -> RecordVersion {
    let (token, lease) = (record.token.clone(), record.metadata.refresh_lease.clone());
    let written_at = record.created;
    RecordVersion::new(token, lease, record).written_at_time(written_at)
}
