//! Tagging every record again: after the fingerprint key has changed, or if the index is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::bulk::{CALLS_AT_ONCE, gather, read_all};
use super::core::Core;
use super::list::listed;
use super::read::read_now;
use crate::secrets_manager::aws::failure::Reason;
use crate::secrets_manager::format::stored_record::Slot;
use crate::secrets_manager::format::tags::{self, Tag};
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
async fn reindex_record(
    core: &Core,
    id: &str,
    mut slot: Slot,
    listed: &[Tag],
) -> Result<bool, Error> {
    let name = core.names.name_of(id)?;
    let fingerprints = core.fingerprints().await?;
    let mut tagged = None;
    while let Slot::Record(record) = &slot {
        let tags = tags::index_tags(fingerprints, &record.token);
        // If another process saves the record meanwhile, its tags may have been overwritten here.
        // Only a record that is unchanged after the call has the right ones.
        let settled = tagged.as_ref() == Some(&record.version);
        if settled || (tagged.is_none() && tags.iter().all(|tag| listed.contains(tag))) {
            break;
        }
        let version = record.version.clone();
        match core.aws.tag(&name, tags).await {
            Ok(()) => tagged = Some(version),
            Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::Deleted) => break,
            Err(failure) => return Err(failure.error),
        }
        slot = read_now(core, id).await?;
    }
    Ok(tagged.is_some())
}
