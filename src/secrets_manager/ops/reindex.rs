//! Tagging every record again: after the fingerprint key has changed, or if the index is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::bulk::{CALLS_AT_ONCE, gather, read_all};
use super::core::Core;
use super::list::listed;
use super::read::read_now;
use super::retry::Retry;
use super::write::{Attempt, Content, Step, write};
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::secrets_manager::format::tags::{self, Tag};
use crate::secrets_manager::format::write_id::{LONGEST_WRITE, WriteId};
use crate::{Error, ErrorKind};

/// Gives every record the tags that it should have, and returns how many records needed it.
pub(crate) async fn reindex(core: &Arc<Core>) -> Result<usize, Error> {
    if !core.tag_index {
        return Err(
            Error::new(ErrorKind::InvalidConfig, "the tag index is switched off")
                .advise("switch it on with ZOHO_TOKEN_STORE_TAG_INDEX=on"),
        );
    }
    let listed: BTreeMap<String, Vec<Tag>> = listed(core).try_collect().await?;
    let ids: Vec<_> = listed.keys().cloned().map(Ok).collect();
    let tagged = read_all(core, stream::iter(ids))
        .map(async |read| {
            let (id, slot) = read?;
            let tags = listed.get(&id).map(Vec::as_slice).unwrap_or_default();
            reindex_record(core, &id, slot, tags).await
        })
        .buffer_unordered(CALLS_AT_ONCE);
    let mut count = 0;
    gather(tagged, |was_wrong| count += usize::from(was_wrong)).await?;
    Ok(count)
}

/// Tags one record, unless its tags are right. Returns whether they were wrong.
///
/// The record is written again with new tags, as any save does: a document names the tags that
/// belong to it, so both change together.
async fn reindex_record(
    core: &Core,
    id: &str,
    mut slot: Slot,
    listed: &[Tag],
) -> Result<bool, Error> {
    let name = core.names.name_of(id)?;
    let mut attempt = Attempt::new(core);
    let mut retry = Retry::new();
    let mut was_wrong = false;
    while let Slot::Record(record) = &slot {
        let secret = Address {
            name: &name,
            arn: &record.arn,
        };
        if has_its_tags(core, record, listed).await? {
            remove_leftovers(core, secret, record, listed).await?;
            break;
        }
        was_wrong = true;
        let unindexed = StoredRecord {
            token: record.token.clone(),
            metadata: record.metadata.without_index(),
            unknown: record.unknown.clone(),
            arn: record.arn.clone(),
            version: record.version.clone(),
            created: record.created,
            asked: record.asked,
        };
        let content = Content::update(&record.token, &unindexed);
        match write(core, secret, content, &record.version, &mut attempt).await? {
            Step::Saved(_) => break,
            Step::Again => retry.again()?,
            Step::Wait(error) | Step::Occupied(error) => retry.wait(error).await?,
        }
        slot = read_now(core, id).await?;
    }
    Ok(was_wrong)
}

/// Whether the list shows all index tags that the record should have.
async fn has_its_tags(core: &Core, record: &StoredRecord, listed: &[Tag]) -> Result<bool, Error> {
    let fingerprints = core.fingerprints().await?;
    let expected = tags::expected(fingerprints, &record.token, &record.metadata.index);
    Ok(expected.is_some_and(|tags| tags.iter().all(|tag| listed.contains(tag))))
}

/// Removes index tags that no write needs any more.
async fn remove_leftovers(
    core: &Core,
    secret: Address<'_>,
    record: &StoredRecord,
    listed: &[Tag],
) -> Result<(), Error> {
    let now = core.cache.now().wall;
    let is_over = |write: &WriteId| write.is_older_than(LONGEST_WRITE, now);
    let leftovers = tags::leftovers(listed, &record.metadata.index, is_over);
    if leftovers.is_empty() {
        return Ok(());
    }
    let removed = core.aws.untag(secret, leftovers).await;
    removed.map_err(|failure| failure.error)
}
