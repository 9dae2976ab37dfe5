//! The write path: create, or compare and swap, and again where another writer was faster.

use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use crate::secrets_manager::Core;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::secrets_manager::format::document::{self, UnknownFields};
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::format::version_id::Succession;
use crate::secrets_manager::ops::find::{Reads, Slot};
use crate::secrets_manager::ops::lookup_plan::Denoted;
use crate::secrets_manager::ops::retry::Retry;
use crate::{Error, ErrorKind, Field, OAuthToken, matching};

/// How one try to save ended.
pub(crate) enum Step {
    Saved(OAuthToken),
    /// What the try was built on has changed. Look again.
    Again,
    /// Somebody or something was in the way. Wait a little, then look again.
    Wait(Error),
}

/// What a version is to hold, and the record it replaces.
struct Content<'a> {
    record: &'a OAuthToken,
    unknown: &'a UnknownFields,
    replaced: Option<&'a OAuthToken>,
}

impl Core {
    /// Updates the record that the token denotes, or inserts one.
    pub(crate) async fn save(self: &Arc<Self>, token: &OAuthToken) -> Result<OAuthToken, Error> {
        let started = Instant::now();
        // The first version of a new secret. It stays the same through every retry, so that a
        // creation whose answer was lost is recognized.
        let first_version = Uuid::new_v4().to_string();
        let mut retry = Retry::new();
        let mut succession = Succession::default();
        loop {
            let lookup = self.look_up(token, Reads::Own).await?;
            let step = match lookup.denoted {
                Some(denoted) => {
                    self.update(token, denoted, started, &mut succession)
                        .await?
                }
                None => {
                    matching::check_insertable(token)?;
                    let vacancy = lookup.vacancy(token, self.fingerprints().await?);
                    let (id, slot) = vacancy.ok_or_else(no_vacancy)?;
                    let record = token.to_builder().id(id).build()?;
                    self.insert(&record, slot, &first_version, &mut succession)
                        .await?
                }
            };
            match step {
                Step::Saved(record) => return Ok(record),
                Step::Again => retry.again()?,
                Step::Wait(error) => retry.wait(error).await?,
            }
        }
    }

    async fn update(
        &self,
        token: &OAuthToken,
        denoted: Denoted,
        started: Instant,
        succession: &mut Succession,
    ) -> Result<Step, Error> {
        let id = denoted.entry.id();
        let name = self.names.name_of(id)?;
        let _turn = self.turn(id).await;

        // Only a state read since this save began is built on: an older one may have been followed
        // by two changes of which the first equals this one, and AWS would take the put for a
        // repetition of that and drop it.
        let since = |entry: &Arc<StoredRecord>| entry.asked.monotonic >= started;
        let known = self.cache.record(id).filter(since);
        let current = match known.or_else(|| Some(denoted.entry.clone()).filter(since)) {
            Some(entry) => entry,
            None => match self.read_now(id).await? {
                Slot::Record(entry) => entry,
                _ => return Ok(Step::Again),
            },
        };
        let by_id = denoted.decided_by == Field::Id;
        if !by_id && !matching::matches(token, &current.token, denoted.decided_by) {
            return Ok(Step::Again);
        }

        let record = matching::merged(&current.token, token)?;
        if record == current.token {
            self.cache.confirmed(id);
            return Ok(Step::Saved(record));
        }
        let content = Content {
            record: &record,
            unknown: &current.unknown,
            replaced: Some(&current.token),
        };
        self.write(&name, content, &current.version, succession)
            .await
    }

    async fn insert(
        &self,
        record: &OAuthToken,
        slot: Slot,
        first_version: &str,
        succession: &mut Succession,
    ) -> Result<Step, Error> {
        let id = record.id().unwrap_or_default();
        let name = self.names.name_of(id)?;
        let document = document::encode(record, &UnknownFields::default())?;
        let _turn = self.turn(id).await;
        if self.cache.record(id).is_some() {
            return Ok(Step::Again);
        }
        match slot {
            Slot::Record(_) => Ok(Step::Again),
            Slot::Vacant { version } => self.write_fresh(&name, record, &version, succession).await,
            Slot::Deleted => self.restore_deleted(&name, record, succession).await,
            Slot::Absent => {
                let tags = self.index_tags(record, None).await?;
                let pending = PendingWrite::save(&self.cache, record);
                match self.api.create(&name, &document, tags, first_version).await {
                    Ok(()) => {
                        let unknown = &UnknownFields::default();
                        let content = Content {
                            record,
                            unknown,
                            replaced: None,
                        };
                        Ok(content.settle(pending, first_version.to_owned()))
                    }
                    Err(failure) => {
                        pending.failed(failure.reason);
                        self.not_created(&name, record, first_version, failure, succession)
                            .await
                    }
                }
            }
        }
    }

    /// Writes a record that has nothing of what the secret held, as the successor of this version.
    pub(crate) async fn write_fresh(
        &self,
        name: &str,
        record: &OAuthToken,
        version: &str,
        succession: &mut Succession,
    ) -> Result<Step, Error> {
        let unknown = &UnknownFields::default();
        let content = Content {
            record,
            unknown,
            replaced: None,
        };
        self.write(name, content, version, succession).await
    }

    /// Tags, then puts: a crash in between leaves a tag that leads to a record without that key,
    /// and that is no answer.
    async fn write(
        &self,
        name: &str,
        content: Content<'_>,
        version: &str,
        succession: &mut Succession,
    ) -> Result<Step, Error> {
        let Content {
            record,
            unknown,
            replaced,
        } = content;
        let document = document::encode(record, unknown)?;
        let tags = self.index_tags(record, replaced).await?;
        if !tags.is_empty()
            && let Err(failure) = self.api.tag(name, tags).await
        {
            return lost_to_others(failure);
        }
        let pending = PendingWrite::save(&self.cache, record);
        match self.swap(name, &document, version, succession).await {
            Ok(version) => Ok(content.settle(pending, version)),
            Err(failure) => {
                pending.failed(failure.reason);
                lost_to_others(failure)
            }
        }
    }

    /// The tags that a new record needs, or one that replaces another.
    async fn index_tags(
        &self,
        record: &OAuthToken,
        replaced: Option<&OAuthToken>,
    ) -> Result<Vec<(String, String)>, Error> {
        if !self.tag_index {
            return Ok(Vec::new());
        }
        let fingerprints = self.fingerprints().await?;
        Ok(match replaced {
            None => fingerprints.tags(record),
            Some(replaced) => fingerprints.changed_tags(record, replaced),
        })
    }
}

impl Content<'_> {
    /// AWS has said yes: the cache may know it.
    fn settle(&self, pending: PendingWrite<'_>, version: String) -> Step {
        let begun = pending.begun();
        let entry = StoredRecord {
            token: self.record.clone(),
            unknown: self.unknown.clone(),
            version,
            created: Some(begun.wall),
            asked: begun,
        };
        pending.settle(entry, self.replaced);
        Step::Saved(self.record.clone())
    }
}

fn lost_to_others(failure: Failure) -> Result<Step, Error> {
    match failure.reason {
        // Where AWS throttles it is others too who write: they had the call that this one was to be.
        Reason::Exists | Reason::NotFound | Reason::Deleted | Reason::Throttled => {
            Ok(Step::Wait(failure.error))
        }
        _ => Err(failure.error),
    }
}

fn no_vacancy() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "every id derived from this token is another record's",
    )
    .advise("save the token with an id of your own")
}
