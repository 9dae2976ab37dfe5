//! Bringing a deleted record back: the token that it had, not the tombstone that replaced it.

use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::core::Core;
use super::find::look_up;
use super::mark_again::mark_again;
use super::read::{Reads, read_now};
use super::restore::describe_own;
use super::retry::Retry;
use super::write::{Attempt, Content, Step, write};
use crate::secrets_manager::aws::calls::{Address, Description, Value};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::known_states::State;
use crate::secrets_manager::format::document::{self, Document};
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, ErrorKind, Field, OAuthToken};

/// Brings the record with this id back, and returns it. A record that is not deleted is returned as
/// it is, so the operation can be repeated after a crash. Returns `None` if there is no such secret.
///
/// It is refused if another record is found by the user or a token of this one: the user has logged in
/// again, and would have two.
pub(crate) async fn undelete(core: &Arc<Core>, id: &str) -> Result<Option<OAuthToken>, Error> {
    let name = core.names.name_of(id)?;
    let mut attempt = Attempt::new(core);
    let mut retry = Retry::new();
    let mut restored = false;
    loop {
        let step = {
            let _lock = core.locks.lock(id).await;
            match describe_own(core, &name).await? {
                None => return Ok(None),
                Some(described) => {
                    attempt_once(core, id, &name, described, &mut attempt, &mut restored).await?
                }
            }
        };
        match step {
            Step::Saved(token) => return Ok(Some(token)),
            Step::Again => retry.again()?,
            Step::Wait(error) | Step::Occupied(error) => retry.wait(error).await?,
        }
    }
}

async fn attempt_once(
    core: &Arc<Core>,
    id: &str,
    name: &str,
    described: Description,
    attempt: &mut Attempt,
    restored: &mut bool,
) -> Result<Step, Error> {
    if described.is_deleted {
        match restore(core, id, name, &described).await {
            Ok(()) => *restored = true,
            Err(failure) if is_passing(failure.reason) => return Ok(Step::Wait(failure.error)),
            Err(failure) => return Err(failure.error),
        }
    }
    let (arn, tombstone) = match read_now(core, id).await? {
        Slot::Record(record) => {
            // A read that is older than the description may return the deleted record.
            let is_current = described.current_version.as_deref() == Some(&record.version);
            return Ok(match is_current || described.is_deleted {
                true => Step::Saved(record.token.clone()),
                false => Step::Wait(unsettled(name)),
            });
        }
        Slot::Vacant { arn, version } => (arn, version),
        Slot::Deleted | Slot::Absent => return Ok(Step::Wait(unsettled(name))),
    };
    let secret = Address { name, arn: &arn };
    let deleted = match only_record(core, id, name, &arn, &tombstone).await {
        Ok(Some(deleted)) => deleted,
        Ok(None) => return Ok(Step::Wait(unsettled(name))),
        Err(error) => {
            if *restored && !error.is_retryable() {
                mark_again(core, secret, &tombstone).await;
            }
            return Err(error);
        }
    };
    // The tags may have been removed since: all are written again. Whoever refreshed the token when it
    // was deleted does not do so any more.
    let unindexed = StoredRecord {
        metadata: deleted.metadata.without_index(),
        ..deleted
    };
    let content = Content::update(&unindexed.token, &unindexed).with_lease(None);
    write(core, secret, content, &tombstone, attempt).await
}

fn is_passing(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::NotFound | Reason::Deleted | Reason::Throttled
    )
}

/// Restores the secret, with its replicas, and remembers that it exists.
async fn restore(
    core: &Core,
    id: &str,
    name: &str,
    described: &Description,
) -> Result<(), Failure> {
    let secret = Address {
        name,
        arn: &described.arn,
    };
    core.aws.restore(secret).await?;
    let version = described.current_version.as_deref().unwrap_or_default();
    let state = State::Version {
        arn: described.arn.as_str().into(),
        version: version.into(),
        created: None,
    };
    core.cache.accept_state(id, &state);
    core.aws.replicate(secret).await
}

/// The record that this tombstone has replaced, if it can come back as the only one of its user.
async fn only_record(
    core: &Arc<Core>,
    id: &str,
    name: &str,
    arn: &Arc<str>,
    tombstone: &str,
) -> Result<Option<StoredRecord>, Error> {
    let Some(deleted) = deleted_record(core, id, name, arn, tombstone).await? else {
        return Ok(None);
    };
    let anonymous = deleted.token.to_builder().without(Field::Id).build();
    // A token without user and token values is found by nothing else than its id.
    let Ok(anonymous) = anonymous else {
        return Ok(Some(deleted));
    };
    let started = Instant::now();
    let mut retry = Retry::new();
    loop {
        let found = look_up(core, &anonymous, Reads::Own).await?.denoted;
        let other = found.map(|found| found.record);
        let Some(other) = other.filter(|other| other.id() != id) else {
            return Ok(Some(deleted));
        };
        if other.asked.monotonic >= started {
            return Err(has_another(name, other.id()));
        }
        // It was cached, and another process may have deleted it since.
        read_now(core, other.id()).await?;
        retry.again()?;
    }
}

/// The record that this tombstone has replaced. Returns `None` if AWS does not show yet what it was.
async fn deleted_record(
    core: &Core,
    id: &str,
    name: &str,
    arn: &Arc<str>,
    tombstone: &str,
) -> Result<Option<StoredRecord>, Error> {
    let Some(described) = describe_own(core, name).await? else {
        return Ok(None);
    };
    if described.current_version.as_deref() != Some(tombstone) {
        return Ok(None);
    }
    let failed = |failure: Failure| failure.error;
    if let Some(previous) = described.previous_version {
        let value = core.aws.get_version(name, &previous).await;
        match held(core, id, name, arn, value.map_err(failed)?)? {
            Held::Record(record) => return Ok(Some(*record)),
            Held::NoRecord => {}
            Held::Unreadable => return Ok(None),
        }
    }
    // A deletion was repeated, so the previous version is a tombstone, too.
    let mut versions = core.aws.versions(name).await.map_err(failed)?;
    if !versions.iter().any(|version| version.id == tombstone) {
        // The list is older than the deletion, and may be older than the record.
        return Ok(None);
    }
    versions.sort_by_key(|version| std::cmp::Reverse(version.created));
    for version in versions {
        let value = core.aws.get_version(name, &version.id).await;
        match held(core, id, name, arn, value.map_err(failed)?)? {
            Held::Record(record) => return Ok(Some(*record)),
            Held::NoRecord => {}
            Held::Unreadable => return Ok(None),
        }
    }
    Err(nothing_left(name))
}

/// What a version holds.
enum Held {
    Record(Box<StoredRecord>),
    /// A tombstone, or what is no text.
    NoRecord,
    /// AWS does not show the version: the secret has been marked for deletion since, or the read is
    /// old. An earlier version is not what was deleted last.
    Unreadable,
}

/// What a version holds, by its value.
fn held(core: &Core, id: &str, name: &str, arn: &Arc<str>, value: Value) -> Result<Held, Error> {
    let (text, version, created) = match value {
        Value::Text {
            text,
            version,
            created,
            ..
        } => (text, version, created),
        Value::Binary { .. } => return Ok(Held::NoRecord),
        Value::NotFound | Value::Deleted => return Ok(Held::Unreadable),
    };
    let document = document::decode(id, text.expose_secret());
    match document.map_err(|error| error.about_secret(name).about_version(&version))? {
        Document::Tombstone => Ok(Held::NoRecord),
        Document::Record {
            token,
            metadata,
            unknown,
        } => Ok(Held::Record(Box::new(StoredRecord {
            token,
            metadata,
            unknown,
            arn: arn.clone(),
            version,
            created,
            asked: core.cache.now(),
        }))),
    }
}

fn unsettled(name: &str) -> Error {
    let problem = "AWS does not show yet that the secret is restored";
    Error::new(ErrorKind::Unavailable, problem)
        .about_secret(name)
        .advise("try again in a few seconds: Secrets Manager is eventually consistent")
}

fn has_another(name: &str, other: &str) -> Error {
    let problem = format!(
        "the record's user or token has another record now, with the id `{}`",
        other.escape_debug()
    );
    Error::new(ErrorKind::Other, problem)
        .about_secret(name)
        .advise("it stays deleted: a user has at most one record")
}

fn nothing_left(name: &str) -> Error {
    let problem = "the secret has no version with a token any more";
    Error::new(ErrorKind::Other, problem)
        .about_secret(name)
        .advise("the user has to log in again")
}
