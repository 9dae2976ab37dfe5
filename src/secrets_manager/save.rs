//! The write path: create, or compare and swap, and again where another writer was faster.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use uuid::Uuid;

use super::Core;
use super::api::is_managed;
use super::cache::{Cache, Entry};
use super::document::{self, UnknownFields};
use super::failure::{Failure, Reason};
use super::index;
use super::lookup::{Denoted, Slot};
use super::patience::Patience;
use super::version;
use crate::{Error, ErrorKind, Field, OAuthToken, matching};

/// How one try to save ended.
enum Step {
    Saved(OAuthToken),
    /// What the try was built on has changed. Look again.
    Again,
    /// Somebody or something was in the way. Wait a little, then look again.
    Wait(Error),
}

impl Core {
    /// Updates the record that the token denotes, or inserts one.
    pub(super) async fn save(self: &Arc<Self>, token: &OAuthToken) -> Result<OAuthToken, Error> {
        let started = Instant::now();
        // The first version of a new secret. It stays the same through every retry, so that a creation whose answer
        // was lost is recognized.
        let first_version = Uuid::new_v4().to_string();
        let mut patience = Patience::new();
        loop {
            let lookup = self.look_up(token).await?;
            let step = match lookup.found {
                Some(found) => self.update(token, found, started).await?,
                None => {
                    matching::check_insertable(token)?;
                    let Some((id, slot)) = lookup.vacancy(token, self.fingerprints().await?) else {
                        return Err(Error::new(
                            ErrorKind::Conflict,
                            "every id derived from this token is another record's",
                        )
                        .advise("save the token with an id of your own"));
                    };
                    self.insert(&token.to_builder().id(id).build()?, slot, &first_version)
                        .await?
                }
            };
            match step {
                Step::Saved(record) => return Ok(record),
                Step::Again => patience.again()?,
                Step::Wait(error) => patience.wait(error).await?,
            }
        }
    }

    async fn update(
        &self,
        token: &OAuthToken,
        found: Denoted,
        started: Instant,
    ) -> Result<Step, Error> {
        let id = found.entry.id();
        let name = self.naming.name_of(id)?;
        let _turn = self.turn(id).await;

        // Only a state read since this save began is built on: an older one may have been followed by two changes of
        // which the first equals this one, and AWS would take the put for a repetition of that and drop it.
        let since = |entry: &Arc<Entry>| entry.asked >= started;
        let current = match self
            .cache
            .record(id)
            .filter(since)
            .or_else(|| Some(found.entry.clone()).filter(since))
        {
            Some(entry) => entry,
            None => match self.read_now(id).await? {
                Slot::Record(entry) => entry,
                _ => return Ok(Step::Again),
            },
        };
        if found.decided_by != Field::Id
            && !matching::matches(token, &current.token, found.decided_by)
        {
            return Ok(Step::Again);
        }

        let record = matching::merged(&current.token, token)?;
        if record == current.token {
            return Ok(Step::Saved(record));
        }
        let successor = version::successor(&current.version);
        self.write(
            &name,
            &record,
            &current.unknown,
            successor,
            Some(&current.token),
        )
        .await
    }

    async fn insert(
        &self,
        record: &OAuthToken,
        slot: Slot,
        first_version: &str,
    ) -> Result<Step, Error> {
        let id = record.id().unwrap_or_default();
        let name = self.naming.name_of(id)?;
        let document = document::encode(record, &UnknownFields::default())?;
        let _turn = self.turn(id).await;
        if self.cache.record(id).is_some() {
            return Ok(Step::Again);
        }
        match slot {
            Slot::Record(_) => Ok(Step::Again),
            Slot::Vacant { version } => self.write_fresh(&name, record, &version).await,
            Slot::Deleted => self.revive(&name, record).await,
            Slot::Absent => {
                let unsettled = Unsettled::new(&self.cache, id);
                let asked = (Instant::now(), SystemTime::now());
                let tags = self.index_tags(record, None).await?;
                match self.api.create(&name, document, tags, first_version).await {
                    Ok(()) => Ok(Step::Saved(unsettled.settle(
                        record,
                        &UnknownFields::default(),
                        first_version,
                        asked,
                        None,
                    ))),
                    Err(failure) => {
                        drop(unsettled);
                        self.not_created(&name, record, first_version, failure)
                            .await
                    }
                }
            }
        }
    }

    /// CreateSecret has refused: is the secret there already, on its way out, or without a value?
    async fn not_created(
        &self,
        name: &str,
        record: &OAuthToken,
        first_version: &str,
        failure: Failure,
    ) -> Result<Step, Error> {
        match failure.reason {
            Reason::Deleted => self.revive(name, record).await,
            Reason::Exists => match self.read_now(record.id().unwrap_or_default()).await? {
                // This creation itself, whose answer was lost.
                Slot::Record(entry) if entry.version == first_version => {
                    self.cache.written(&entry, None);
                    Ok(Step::Saved(entry.token.clone()))
                }
                Slot::Record(_) | Slot::Vacant { .. } => Ok(Step::Again),
                Slot::Deleted => Ok(Step::Wait(failure.error)),
                Slot::Absent => {
                    let Some(secret) = self.described(name).await? else {
                        return Ok(Step::Wait(failure.error));
                    };
                    match current_version(&secret) {
                        // It has a value that reads do not show yet.
                        Some(_) => Ok(Step::Wait(failure.error)),
                        None => self.write_fresh(name, record, "").await,
                    }
                }
            },
            _ => Err(failure.error),
        }
    }

    /// Brings back a secret that is marked for deletion, with a fresh record in it.
    ///
    /// The value is put onto the version that the deletion left, so that of two who revive it one writes and the
    /// other one notices. In between the secret holds that version: a tombstone, if this store deleted it.
    async fn revive(&self, name: &str, record: &OAuthToken) -> Result<Step, Error> {
        let in_the_way = || {
            Error::new(ErrorKind::Conflict, "the secret is being deleted")
                .about_secret(name)
                .advise("try again in a minute")
        };
        let Some(secret) = self.described(name).await? else {
            return Ok(Step::Wait(in_the_way()));
        };
        if secret.deleted_date().is_none() {
            return Ok(Step::Wait(in_the_way()));
        }
        match self.api.restore(name).await {
            Ok(()) => {
                self.write_fresh(name, record, current_version(&secret).unwrap_or_default())
                    .await
            }
            // A deletion by force cannot be called off, only waited for.
            Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::Deleted) => {
                Ok(Step::Wait(failure.error))
            }
            Err(failure) => Err(failure.error),
        }
    }

    /// The description of an own secret; none if it is gone.
    async fn described(&self, name: &str) -> Result<Option<DescribeSecretOutput>, Error> {
        match self.api.describe(name).await {
            Ok(secret) if is_managed(secret.tags()) => Ok(Some(secret)),
            Ok(_) => Err(Error::new(ErrorKind::Conflict, "a secret that is not this store's has the name of this record")
                .about_secret(name)
                .advise("rename or remove that secret, use another prefix, or give the secret the tag managed-by = zoho-token-store")),
            Err(failure) if failure.reason == Reason::NotFound => Ok(None),
            Err(failure) => Err(failure.error),
        }
    }

    /// Writes a record that has nothing of what the secret held before, as the successor of this version.
    async fn write_fresh(
        &self,
        name: &str,
        record: &OAuthToken,
        version: &str,
    ) -> Result<Step, Error> {
        self.write(
            name,
            record,
            &UnknownFields::default(),
            version::successor(version),
            None,
        )
        .await
    }

    /// Tags, then puts: a crash in between leaves a tag that leads to a record without that key, which is no answer.
    async fn write(
        &self,
        name: &str,
        record: &OAuthToken,
        unknown: &UnknownFields,
        version: String,
        replaced: Option<&OAuthToken>,
    ) -> Result<Step, Error> {
        let document = document::encode(record, unknown)?;
        let unsettled = Unsettled::new(&self.cache, record.id().unwrap_or_default());
        let keys_change = replaced.is_none_or(|replaced| index::keys_differ(replaced, record));
        if self.tag_index && keys_change {
            let tags = self.index_tags(record, replaced).await?;
            if let Err(failure) = self.api.tag(name, tags).await {
                return lost_to_others(failure);
            }
        }
        let asked = (Instant::now(), SystemTime::now());
        match self.api.put(name, document, &version).await {
            Ok(()) => Ok(Step::Saved(
                unsettled.settle(record, unknown, &version, asked, replaced),
            )),
            Err(failure) => lost_to_others(failure),
        }
    }

    async fn index_tags(
        &self,
        record: &OAuthToken,
        replaced: Option<&OAuthToken>,
    ) -> Result<Vec<(String, String)>, Error> {
        Ok(if self.tag_index {
            self.fingerprints().await?.tags(record, replaced)
        } else {
            Vec::new()
        })
    }
}

fn lost_to_others(failure: Failure) -> Result<Step, Error> {
    match failure.reason {
        Reason::Exists | Reason::NotFound | Reason::Deleted => Ok(Step::Wait(failure.error)),
        _ => Err(failure.error),
    }
}

fn current_version(secret: &DescribeSecretOutput) -> Option<&str> {
    let versions = secret.version_ids_to_stages()?.iter();
    versions
        .filter(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT"))
        .map(|(version, _)| version.as_str())
        .next()
}

/// A write under way. Until AWS has said yes nobody knows what the secret holds: dropped, however that comes about,
/// it takes the record out of the cache.
pub(super) struct Unsettled<'a> {
    cache: &'a Cache,
    id: &'a str,
}

impl<'a> Unsettled<'a> {
    pub(super) fn new(cache: &'a Cache, id: &'a str) -> Self {
        Unsettled { cache, id }
    }

    fn settle(
        self,
        record: &OAuthToken,
        unknown: &UnknownFields,
        version: &str,
        (asked, asked_at): (Instant, SystemTime),
        replaced: Option<&OAuthToken>,
    ) -> OAuthToken {
        let (token, unknown, version) = (record.clone(), unknown.clone(), version.to_owned());
        let entry = Entry {
            token,
            unknown,
            version,
            created: Some(asked_at),
            asked,
            asked_at,
        };
        self.cache.written(&Arc::new(entry), replaced);
        std::mem::forget(self);
        record.clone()
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        self.cache.forget(self.id);
    }
}
