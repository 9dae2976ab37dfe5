//! One attempt to write a record into an existing secret: tags, then the value, then old tags.

use std::time::Duration;

use tokio::time::Instant;

use super::compare_and_swap::{Put, Succession, swap};
use super::core::Core;
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::known_states::State;
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, Metadata, UnknownFields};
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::tags::{self, Index, IndexChange, Tag};
use crate::secrets_manager::format::write_id::WriteId;
use crate::{Error, ErrorKind, OAuthToken};

/// After this time, a write has ended, and its requests have been executed or never will be. Clocks
/// may differ by some minutes.
pub(crate) const LONGEST_WRITE: Duration = Duration::from_secs(3_600);

/// For this time at least, tags of a write in progress stay, even if a secret has as many tags as it
/// can have.
const TAGS_STAY: Duration = Duration::from_secs(60);

/// After this time, a write that puts its value adds its tags again. The put has the rest of
/// [`TAGS_STAY`] to end.
const TAG_AGAIN: Duration = Duration::from_secs(30);

/// How one attempt to save ended.
pub(crate) enum Step {
    Saved(OAuthToken),
    /// The state that the attempt was built on has changed. Look again.
    Again,
    /// Another writer, or a deletion, was in the way. Wait a little, then look again.
    Wait(Error),
    /// The id cannot be used for a new record. Try another one, if there is a choice.
    Occupied(Error),
}

/// One save, with all its attempts.
pub(crate) struct Attempt {
    pub(crate) write_id: WriteId,
    pub(crate) succession: Succession,
    /// The secret and the tags that an attempt has added, and when.
    tagged: Option<(String, Vec<Tag>, Instant)>,
}

/// The content of a version, and the record that it replaces.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) record: &'a OAuthToken,
    replaced: Option<&'a StoredRecord>,
    /// Whether a record of the same token may be inserted under another name meanwhile.
    unsettled: bool,
}

impl Attempt {
    pub(crate) fn new(core: &Core) -> Self {
        Attempt {
            write_id: WriteId::new(core.cache.now().wall, core.random()),
            succession: Succession::default(),
            tagged: None,
        }
    }
}

impl<'a> Content<'a> {
    /// A record that takes over nothing from the secret it is written to.
    pub(crate) fn fresh(record: &'a OAuthToken, unsettled: bool) -> Self {
        Content {
            record,
            replaced: None,
            unsettled,
        }
    }

    /// A new version of a stored record.
    pub(crate) fn update(record: &'a OAuthToken, stored: &'a StoredRecord) -> Self {
        Content {
            record,
            replaced: Some(stored),
            unsettled: false,
        }
    }

    /// The fields that have not changed since the record was inserted, as long as it is unsettled.
    fn unsettled_fields(&self, core: &Core, write_id: &WriteId) -> Index {
        match self.replaced {
            None if self.unsettled => Index::of_record(self.record, write_id),
            Some(old) if is_unsettled(core, &old.metadata) => {
                old.metadata.unsettled.unchanged(&old.token, self.record)
            }
            None | Some(_) => Index::default(),
        }
    }

    fn unknown(&self) -> UnknownFields {
        let replaced = self.replaced.map(|stored| stored.unknown.clone());
        replaced.unwrap_or_default()
    }

    /// How the index changes, and what the document notes.
    pub(crate) async fn plan(
        &self,
        core: &Core,
        write_id: &WriteId,
    ) -> Result<(IndexChange, Metadata), Error> {
        let replaced = self.replaced.map(|old| (&old.token, &old.metadata.index));
        let change = match core.tag_index {
            true => tags::change(core.fingerprints().await?, self.record, replaced, write_id),
            false => tags::change_without_tags(self.record, replaced),
        };
        let metadata = Metadata {
            write_id: Some(write_id.clone()),
            index: change.index.clone(),
            replaced_index: change.replaced.clone(),
            unsettled: self.unsettled_fields(core, write_id),
        };
        Ok((change, metadata))
    }

    /// Tells the cache what AWS has acknowledged.
    pub(crate) fn acknowledge(
        &self,
        core: &Core,
        pending: PendingWrite<'_>,
        arn: &str,
        version: String,
        metadata: Metadata,
    ) {
        let started = pending.started();
        learn(core, self.record, arn, &version);
        let stored = StoredRecord {
            token: self.record.clone(),
            metadata,
            unknown: self.unknown(),
            arn: arn.into(),
            version,
            created: Some(started.wall),
            asked: started,
        };
        pending.acknowledged(stored, self.replaced.map(|stored| &stored.token));
    }
}

/// Whether a record of the same token may exist under another name: the record is young, and has
/// fields that have not changed since it was inserted.
pub(crate) fn is_unsettled(core: &Core, metadata: &Metadata) -> bool {
    let now = core.cache.now().wall;
    let mut inserted = metadata.unsettled.writes();
    inserted.any(|write| !write.is_older_than(LONGEST_WRITE, now))
}

/// Remembers that AWS has acknowledged this version.
pub(crate) fn learn(core: &Core, record: &OAuthToken, arn: &str, version: &str) {
    let state = State::Version {
        arn: arn.into(),
        version: version.into(),
        created: None,
    };
    core.cache
        .state_written(record.id().unwrap_or_default(), &state);
}

/// Writes a record as the successor of this version.
///
/// Tags are added first: a crash in between leaves a tag that leads to a record without that key,
/// and lookups discard it. Replaced tags are removed last, by keys that no other write uses.
pub(crate) async fn write(
    core: &Core,
    secret: Address<'_>,
    content: Content<'_>,
    version: &str,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    let (change, metadata) = content.plan(core, &attempt.write_id).await?;
    let document = document::encode(content.record, &metadata, &content.unknown())?;
    match add_tags(core, secret, content.replaced, &change, attempt).await {
        Ok(Tagged::Added) => {}
        Ok(Tagged::Outrun) => return Ok(Step::Again),
        Err(failure) => return contended(failure),
    }
    let pending = PendingWrite::save(&core.cache, content.record);
    let put = Put::Record(&document);
    let swapped = match swap(core, secret, put, version, &mut attempt.succession).await {
        Ok(swapped) => swapped,
        Err(failure) => {
            pending.failed(failure.reason == Reason::Denied);
            if matches!(failure.reason, Reason::NotFound | Reason::Deleted) {
                // The put may have been executed before the deletion, and another writer may have
                // removed its tags since: the next attempt is another write.
                *attempt = Attempt::new(core);
            }
            return contended(failure);
        }
    };
    if swapped.is_current {
        content.acknowledge(core, pending, secret.arn, swapped.version, metadata);
    } else {
        // It was saved, and another writer has already built on it. The cache reads that again.
        learn(core, content.record, secret.arn, &swapped.version);
        pending.failed(false);
    }
    prune(core, secret, content.replaced, &change.replaced).await;
    Ok(Step::Saved(content.record.clone()))
}

/// What has become of the tags of a write.
enum Tagged {
    Added,
    /// The secret is full of tags, and its document is no longer the one that has been read.
    Outrun,
}

/// Adds the index tags that the write needs, unless an earlier attempt has.
async fn add_tags(
    core: &Core,
    secret: Address<'_>,
    replaced: Option<&StoredRecord>,
    change: &IndexChange,
    attempt: &mut Attempt,
) -> Result<Tagged, Failure> {
    let is_there = |tag: &Tag| match &attempt.tagged {
        Some((arn, tags, at)) => {
            arn == secret.arn && tags.contains(tag) && at.elapsed() < TAG_AGAIN
        }
        None => false,
    };
    if change.added.iter().all(is_there) {
        return Ok(Tagged::Added);
    }
    if let Err(failure) = core.aws.tag(secret, change.added.clone()).await {
        if !may_be_full(&failure) {
            return Err(failure);
        }
        let described = core.aws.describe(secret.name).await?;
        // Only the document names the tags that are needed.
        if replaced.is_some_and(|old| described.current_version.as_ref() != Some(&old.version)) {
            return Ok(Tagged::Outrun);
        }
        let leftovers = leftovers(core, &described.tags, replaced);
        if leftovers.is_empty() {
            return Err(failure);
        }
        core.aws.untag(secret, leftovers).await?;
        core.aws.tag(secret, change.added.clone()).await?;
    }
    attempt.tagged = Some((secret.arn.to_owned(), change.added.clone(), Instant::now()));
    Ok(Tagged::Added)
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
async fn prune(
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

fn contended(failure: Failure) -> Result<Step, Error> {
    match failure.reason {
        // AWS throttles because of other writers: they have used the call that this one needed.
        Reason::Exists | Reason::NotFound | Reason::Deleted | Reason::Throttled => {
            Ok(Step::Wait(failure.error))
        }
        _ => Err(failure.error),
    }
}
