//! The index tags of a write: added before its put, removed after it.

use std::time::Duration;

use tokio::time::Instant;

use super::core::Core;
use crate::ErrorKind;
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::tags::{self, Index, IndexChange, Tag};
use crate::secrets_manager::format::write_id::{LONGEST_WRITE, WriteId};

/// For this time at least, tags of a write in progress stay, even if a secret has as many tags as it
/// can have.
const TAGS_STAY: Duration = Duration::from_secs(60);

/// After this time, a write that puts its value adds its tags again. The put has the rest of
/// [`TAGS_STAY`] to end.
const TAG_AGAIN: Duration = Duration::from_secs(30);

/// The secret and the tags that an attempt of a write has added, and when.
#[derive(Default)]
pub(crate) struct AddedTags(Option<(String, Vec<Tag>, Instant)>);

/// Adds the index tags that the write needs, unless an earlier attempt has.
pub(crate) async fn add_tags(
    core: &Core,
    secret: Address<'_>,
    replaced: Option<&StoredRecord>,
    change: &IndexChange,
    added: &mut AddedTags,
) -> Result<(), Failure> {
    let is_there = |tag: &Tag| match &added.0 {
        Some((arn, tags, at)) => {
            arn == secret.arn && tags.contains(tag) && at.elapsed() < TAG_AGAIN
        }
        None => false,
    };
    if change.added.iter().all(is_there) {
        return Ok(());
    }
    if let Err(failure) = core.aws.tag(secret, change.added.clone()).await {
        if !may_be_full(&failure) {
            return Err(failure);
        }
        let described = core.aws.describe(secret.name).await?;
        // Only the document names the tags that are needed.
        if replaced.is_some_and(|old| described.current_version.as_ref() != Some(&old.version)) {
            return Err(Failure::outrun(secret.name));
        }
        let leftovers = leftovers(core, &described.tags, replaced);
        if leftovers.is_empty() {
            return Err(failure);
        }
        core.aws.untag(secret, leftovers).await?;
        core.aws.tag(secret, change.added.clone()).await?;
    }
    added.0 = Some((secret.arn.to_owned(), change.added.clone(), Instant::now()));
    Ok(())
}

/// Whether AWS may have refused a tag because a secret has at most 50. The reference of TagResource
/// names no error for that.
fn may_be_full(failure: &Failure) -> bool {
    match failure.reason {
        Reason::Limit => true,
        Reason::Other => failure.error.kind() == ErrorKind::Other,
        _ => false,
    }
}

/// Returns the keys of the index tags that writers have left behind when they stopped halfway.
fn leftovers(core: &Core, tags: &[Tag], replaced: Option<&StoredRecord>) -> Vec<String> {
    let index = replaced.map(|old| old.metadata.index.clone());
    let index = index.unwrap_or_default();
    let now = core.cache.now().wall;
    let is_over = |write: &WriteId| write.is_older_than(LONGEST_WRITE, now);
    let keys = tags::leftovers(tags, &index, is_over);
    if !keys.is_empty() {
        return keys;
    }
    // Many writers have stopped lately. The oldest tags are the least likely to be needed.
    let is_over = |write: &WriteId| write.is_older_than(TAGS_STAY, now);
    let mut keys = tags::leftovers(tags, &index, is_over);
    keys.truncate(keys.len().div_ceil(2));
    keys
}

/// Removes the tags that a write has replaced. If that fails, the next write tries again: the
/// document names them.
pub(crate) async fn prune(
    core: &Core,
    secret: Address<'_>,
    replaced: Option<&StoredRecord>,
    replaced_index: &Index,
) {
    let Some(old) = replaced.filter(|_| core.tag_index) else {
        return;
    };
    let mut keys: Vec<_> = replaced_index.tag_keys().collect();
    keys.extend(old.metadata.replaced_index.tag_keys());
    if old.metadata.index.is_empty() {
        keys.extend(tags::former_layout());
    }
    if keys.is_empty() {
        return;
    }
    if let Err(failure) = core.aws.untag(secret, keys).await {
        let error = failure.error;
        tracing::debug!(secret = secret.name, %error, "replaced tags remain until the next save");
    }
}
