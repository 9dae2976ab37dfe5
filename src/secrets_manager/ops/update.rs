//! Updating a stored record.

use std::sync::Arc;
use tokio::time::Instant;

use super::compare_and_swap::Succession;
use super::core::Core;
use super::lookup_plan::Denoted;
use super::read::read_now;
use super::write::{Content, Step, write};
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, Field, OAuthToken, matching};

/// Merges the token into the record that it denotes, and writes the result if it differs.
pub(crate) async fn update(
    core: &Core,
    token: &OAuthToken,
    denoted: Denoted,
    started: Instant,
    succession: &mut Succession,
) -> Result<Step, Error> {
    let id = denoted.record.id();
    let name = core.names.name_of(id)?;
    let _lock = core.locks.lock(id).await;

    // A save builds only on a state that was read since it started. An older state may have been
    // followed by two changes, the first of which equals this one: AWS would treat the put as a
    // repetition of the first and drop it.
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
    if record == current.token {
        core.cache.confirmed(id);
        return Ok(Step::Saved(record));
    }
    let content = Content::update(&record, &current);
    write(core, &name, content, &current.version, succession).await
}
