//! One attempt to write a record into an existing secret: tags, then the value, then old tags.

use std::sync::Arc;

use super::compare_and_swap::{Put, swap};
use super::core::Core;
use super::refused_put::RefusedPut;
use super::retry::Retry;
use super::succession::Succession;
use super::write_tags::{AddedTags, add_tags, prune};
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, Metadata, UnknownFields};
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::tags::{self, Index, IndexChange};
use crate::secrets_manager::format::write_id::{LONGEST_WRITE, WriteId};
use crate::{Error, OAuthToken, matching};

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
    tags: AddedTags,
    refused: Option<RefusedPut>,
    /// For how long a put that AWS throttles is repeated; `None` if the caller decides what to do.
    throttled: Option<Retry>,
}

/// The content of a version, and the record that it replaces.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) record: &'a OAuthToken,
    replaced: Option<&'a StoredRecord>,
    /// Whether a record of the same token may be inserted under another name meanwhile.
    unsettled: bool,
    lease: Lease<'a>,
}

/// The refresh lease of a version.
#[derive(Clone, Copy)]
enum Lease<'a> {
    /// The lease of the replaced record, if the same token is still to be refreshed.
    Kept,
    Set(Option<&'a str>),
}

/// How one put ended.
pub(crate) enum Written {
    /// The version is the current one.
    Current(Arc<StoredRecord>),
    /// It was put, and another writer has already built on it; or an earlier attempt has put this.
    Superseded(OAuthToken),
    /// It was not put, because of another writer or a deletion.
    Refused(Failure),
}

impl Attempt {
    pub(crate) fn new(core: &Core) -> Self {
        Attempt {
            write_id: WriteId::new(core.cache.now().wall, core.random()),
            succession: Succession::default(),
            tags: AddedTags::default(),
            refused: None,
            throttled: Some(Retry::new()),
        }
    }

    /// The same, for one put that is not repeated.
    pub(crate) fn once(core: &Core) -> Self {
        Attempt {
            throttled: None,
            ..Attempt::new(core)
        }
    }

    /// Waits until a call that AWS has throttled is to be repeated. Returns whether it is.
    ///
    /// An earlier request of the call may have been executed and its response lost. The same call
    /// finds that out. A read does not: another writer may have built on the version since, and a new
    /// version on top of that one would undo its change.
    pub(crate) async fn repeats(&mut self, failure: &Failure) -> bool {
        match &mut self.throttled {
            Some(retry) if failure.reason == Reason::Throttled => {
                retry.wait(failure.error.clone()).await.is_ok()
            }
            _ => false,
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
            lease: Lease::Set(None),
        }
    }

    /// A new version of a stored record.
    pub(crate) fn update(record: &'a OAuthToken, stored: &'a StoredRecord) -> Self {
        Content {
            record,
            replaced: Some(stored),
            unsettled: false,
            lease: Lease::Kept,
        }
    }

    /// The same with this refresh lease, or with none.
    pub(crate) fn with_lease(mut self, lease: Option<&'a str>) -> Self {
        self.lease = Lease::Set(lease);
        self
    }

    fn refresh_lease(&self) -> Option<String> {
        match (self.lease, self.replaced) {
            (Lease::Set(lease), _) => lease.map(str::to_owned),
            (Lease::Kept, old) => old.and_then(|old| {
                let keeps = |lease: &&String| matching::keeps_lease(lease, &old.token, self.record);
                old.metadata.refresh_lease.as_ref().filter(keeps).cloned()
            }),
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
        let replaced_index = match replaced {
            // They are removed with those that the refreshed token replaces, which saves a call.
            Some(_) if self.leaves_tags(&change) => self.replaced_index(),
            _ => change.replaced.clone(),
        };
        let metadata = Metadata {
            write_id: Some(write_id.clone()),
            index: change.index.clone(),
            replaced_index,
            unsettled: self.unsettled_fields(core, write_id),
            refresh_lease: self.refresh_lease(),
        };
        Ok((change, metadata))
    }

    /// Whether the write changes no tag, not even those that an earlier write was to remove: it only
    /// puts a lease.
    fn leaves_tags(&self, change: &IndexChange) -> bool {
        let puts_lease = matches!(self.lease, Lease::Set(Some(_)));
        puts_lease && change.added.is_empty() && change.replaced.is_empty()
    }

    fn replaced_index(&self) -> Index {
        let replaced = self.replaced.map(|old| old.metadata.replaced_index.clone());
        replaced.unwrap_or_default()
    }

    /// Tells the cache what AWS has acknowledged.
    pub(crate) fn acknowledge(
        &self,
        core: &Core,
        pending: PendingWrite<'_>,
        arn: &str,
        version: String,
        metadata: Metadata,
    ) -> Arc<StoredRecord> {
        let started = pending.started();
        core.version_is_written(self.record.id().unwrap_or_default(), arn, &version);
        let stored = StoredRecord {
            token: self.record.clone(),
            metadata,
            unknown: self.unknown(),
            arn: arn.into(),
            version,
            created: Some(started.wall),
            asked: started,
        };
        let stored = Arc::new(stored);
        pending.acknowledged(&stored, self.replaced.map(|stored| &stored.token));
        stored
    }
}

/// Whether a record of the same token may exist under another name: the record is young, and has
/// fields that have not changed since it was inserted.
pub(crate) fn is_unsettled(core: &Core, metadata: &Metadata) -> bool {
    let now = core.cache.now().wall;
    let mut inserted = metadata.unsettled.writes();
    inserted.any(|write| !write.is_older_than(LONGEST_WRITE, now))
}

/// Writes a record as the successor of this version.
pub(crate) async fn write(
    core: &Core,
    secret: Address<'_>,
    content: Content<'_>,
    version: &str,
    attempt: &mut Attempt,
) -> Result<Step, Error> {
    Ok(
        match write_version(core, secret, content, version, attempt).await? {
            Written::Current(stored) => Step::Saved(stored.token.clone()),
            Written::Superseded(record) => Step::Saved(record),
            Written::Refused(failure) => Step::Wait(failure.error),
        },
    )
}

/// The same, and returns the version that was put.
///
/// Tags are added first: a crash in between leaves a tag that leads to a record without that key,
/// and lookups discard it. Replaced tags are removed last, by keys that no other write uses.
pub(crate) async fn write_version(
    core: &Core,
    secret: Address<'_>,
    content: Content<'_>,
    version: &str,
    attempt: &mut Attempt,
) -> Result<Written, Error> {
    if let Some(refused) = attempt.refused.take_if(|put| put.arn == secret.arn) {
        match refused.is_executed(core, secret).await {
            Ok(true) => return Ok(Written::Superseded(refused.record)),
            Ok(false) => {}
            Err(failure) => {
                attempt.refused = Some(refused);
                return contended(failure);
            }
        }
    }
    let (change, metadata) = content.plan(core, &attempt.write_id).await?;
    let document = document::encode(content.record, &metadata, &content.unknown())?;
    if let Err(failure) = add_tags(core, secret, content.replaced, &change, &mut attempt.tags).await
    {
        return contended(failure);
    }
    let pending = PendingWrite::save(&core.cache, content.record);
    let put = Put::Record(&document);
    let swapped = loop {
        match swap(core, secret, put, version, &mut attempt.succession).await {
            Err(failure) if attempt.repeats(&failure).await => {}
            swapped => break swapped,
        }
    };
    let swapped = match swapped {
        Ok(swapped) => swapped,
        Err(failure) => {
            pending.failed(failure.reason == Reason::Denied);
            return match failure.reason {
                // It may have been executed: this is not to be put on top of another version.
                Reason::Throttled => Err(failure.error),
                Reason::NotFound | Reason::Deleted => {
                    attempt.refused = Some(RefusedPut {
                        arn: secret.arn.to_owned(),
                        version: attempt.succession.next(version),
                        document,
                        record: content.record.clone(),
                    });
                    contended(failure)
                }
                _ => contended(failure),
            };
        }
    };
    let written = if swapped.is_current {
        let version = swapped.version;
        Written::Current(content.acknowledge(core, pending, secret.arn, version, metadata))
    } else {
        // It was saved, and another writer has already built on it. The cache reads that again.
        let id = content.record.id().unwrap_or_default();
        core.version_is_written(id, secret.arn, &swapped.version);
        pending.failed(false);
        Written::Superseded(content.record.clone())
    };
    if !content.leaves_tags(&change) {
        prune(core, secret, content.replaced, &change.replaced).await;
    }
    Ok(written)
}

fn contended(failure: Failure) -> Result<Written, Error> {
    match failure.reason {
        // AWS throttles because of other writers: they have used the call that this one needed.
        Reason::Exists | Reason::NotFound | Reason::Deleted | Reason::Throttled => {
            Ok(Written::Refused(failure))
        }
        _ => Err(failure.error),
    }
}
