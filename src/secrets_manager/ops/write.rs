//! One attempt to write a record into an existing secret: tags, then the value.

use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, UnknownFields};
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::tags::{self, Tag};
use crate::{Error, OAuthToken};

use super::compare_and_swap::{Succession, swap};
use super::core::Core;

/// How one attempt to save ended.
pub(crate) enum Step {
    Saved(OAuthToken),
    /// The state that the attempt was built on has changed. Look again.
    Again,
    /// Another writer, or a deletion, was in the way. Wait a little, then look again.
    Wait(Error),
}

/// The content of a version, and the record that it replaces.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    record: &'a OAuthToken,
    unknown: Option<&'a UnknownFields>,
    replaced: Option<&'a OAuthToken>,
}

impl<'a> Content<'a> {
    /// A record that takes over nothing from the secret it is written to.
    pub(crate) fn fresh(record: &'a OAuthToken) -> Self {
        Content {
            record,
            unknown: None,
            replaced: None,
        }
    }

    /// A new version of a stored record.
    pub(crate) fn update(record: &'a OAuthToken, stored: &'a StoredRecord) -> Self {
        Content {
            record,
            unknown: Some(&stored.unknown),
            replaced: Some(&stored.token),
        }
    }

    fn unknown(&self) -> UnknownFields {
        self.unknown.cloned().unwrap_or_default()
    }

    /// Tells the cache what AWS has acknowledged.
    pub(crate) fn acknowledge(&self, pending: PendingWrite<'_>, version: String) -> Step {
        let started = pending.started();
        let stored = StoredRecord {
            token: self.record.clone(),
            unknown: self.unknown(),
            version,
            created: Some(started.wall),
            asked: started,
        };
        pending.acknowledged(stored, self.replaced);
        Step::Saved(self.record.clone())
    }
}

/// Writes a record as the successor of this version.
///
/// Tags come first: a crash in between leaves a tag that leads to a record without that key, and
/// lookups discard it.
pub(crate) async fn write(
    core: &Core,
    name: &str,
    content: Content<'_>,
    version: &str,
    succession: &mut Succession,
) -> Result<Step, Error> {
    let document = document::encode(content.record, &content.unknown())?;
    let tags = index_tags(core, content.record, content.replaced).await?;
    if !tags.is_empty()
        && let Err(failure) = core.aws.tag(name, tags).await
    {
        return contended(failure);
    }
    let pending = PendingWrite::save(&core.cache, content.record);
    match swap(core, name, &document, version, succession).await {
        Ok(version) => Ok(content.acknowledge(pending, version)),
        Err(failure) => {
            pending.failed(failure.reason == Reason::Denied);
            contended(failure)
        }
    }
}

/// The tags that a new record needs, or a record that replaces another.
pub(crate) async fn index_tags(
    core: &Core,
    record: &OAuthToken,
    replaced: Option<&OAuthToken>,
) -> Result<Vec<Tag>, Error> {
    if !core.tag_index {
        return Ok(Vec::new());
    }
    let fingerprints = core.fingerprints().await?;
    Ok(match replaced {
        None => tags::index_tags(fingerprints, record),
        Some(replaced) => tags::changed_tags(fingerprints, record, replaced),
    })
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
