//! Reading one record by its id: from the cache, or by name from AWS.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::core::Core;
use super::retry::Settling;
use crate::clock::Moment;
use crate::secrets_manager::aws::calls::{Address, Value};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::cache::known_states::{State, Verdict};
use crate::secrets_manager::format::document::{self, Document};
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, ErrorKind};

/// A tag that no secret has. Removing it changes nothing, and fails if there is no secret.
const NO_TAG: &str = "zoho-token-store:none";

/// Whether a lookup may wait for reads that other lookups have started.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reads {
    Shared,
    /// The lookup starts each of its reads itself. A save that relied on an earlier read could
    /// store a record a second time that another process has stored in between.
    Own,
}

/// The state of the cache and the clocks when a read was started.
#[derive(Clone, Copy)]
pub(crate) struct Started {
    generation: Generation,
    at: Moment,
}

/// Reads a record from the cache or, if it is not cached, by name.
pub(crate) async fn read(core: &Arc<Core>, id: &str, reads: Reads) -> Result<Slot, Error> {
    match core.cache.record(id) {
        Some(record) => Ok(Slot::Record(record)),
        None => read_by_name(core, id, reads).await,
    }
}

/// Reads a record by name.
pub(crate) async fn read_by_name(core: &Arc<Core>, id: &str, reads: Reads) -> Result<Slot, Error> {
    match reads {
        Reads::Shared => read_shared(core, id).await,
        Reads::Own => read_now(core, id).await,
    }
}

/// Reads a record by name, in one call for all tasks that ask for it at the same time.
async fn read_shared(core: &Arc<Core>, id: &str) -> Result<Slot, Error> {
    let id: Arc<str> = id.into();
    let key = (id.clone(), core.cache.generation_of_record(&id));
    let read = core.reads.join(key, || {
        let (core, id) = (core.clone(), id.clone());
        async move { read_now(&core, &id).await }
    });
    match read.await {
        Some(slot) => slot,
        None => read_now(core, &id).await,
    }
}

/// Reads a record by name, in a call of its own.
///
/// Reads are eventually consistent. A state that is older than one that this process knows is read
/// again until it is newer, or until AWS proves that it is the current one; if neither happens for
/// some seconds, the read fails with a retryable error.
pub(crate) async fn read_now(core: &Core, id: &str) -> Result<Slot, Error> {
    let name = core.names.name_of(id)?;
    let mut settling = Settling::new();
    loop {
        let started = starting(core, id);
        let value = core.aws.get(&name).await.map_err(|failure| failure.error)?;
        let Some(state) = state_of(&value) else {
            return slot(core, id, &name, value, started);
        };
        let (arn, version) = match core.cache.judge(id, &state) {
            Verdict::Believed => return slot(core, id, &name, value, started),
            Verdict::Older { arn, version } => (arn, version),
            // A description may be older than the deletion, too.
            Verdict::Unsettled => {
                settling.wait(outdated(&name)).await?;
                continue;
            }
        };
        let is_proved = match is_current(core, &name, &state, &version).await {
            Ok(is_proved) => is_proved,
            // Without this permission there is no proof, but the state may still settle.
            Err(failure) if failure.reason == Reason::Denied && !settling.is_over() => false,
            Err(failure) => return Err(failure.error),
        };
        // The last version before a deletion without a tombstone: the description may be older than the
        // deletion, until reads have settled.
        let is_deleted = matches!(&state, State::Version { version: read, .. } if *read == version);
        let is_newer = (is_proved && (!is_deleted || settling.is_over()))
            || (settling.is_over() && state == State::Gone && !exists(core, &name, &arn).await?);
        if is_newer {
            core.cache.accept_state(id, &state);
            return slot(core, id, &name, value, started);
        }
        settling.wait(outdated(&name)).await?;
    }
}

/// Whether AWS proves that a state which seems to be older than a known one is the current state.
///
/// A description that lists the known version was made after that version. So what it says about
/// the current version, or about a deletion, is newer: somebody has made an earlier version current
/// again, or has deleted the secret.
async fn is_current(
    core: &Core,
    name: &str,
    state: &State,
    known_version: &str,
) -> Result<bool, Failure> {
    let described = match core.aws.describe(name).await {
        Ok(described) => described,
        Err(failure) if failure.reason == Reason::NotFound => return Ok(false),
        Err(failure) => return Err(failure),
    };
    let mut versions = described.versions.iter();
    let lists_known = versions.any(|version| version == known_version);
    let agrees = match state {
        State::Version { version, .. } => {
            described.current_version.as_deref() == Some(version) && !described.is_deleted
        }
        State::Gone => described.is_deleted,
    };
    Ok(lists_known && agrees)
}

/// Reads a record by name, and makes sure that there is none if the read does not find one.
///
/// For operations that depend on it: a deletion, and a save that would insert the record.
pub(crate) async fn read_surely(core: &Core, id: &str) -> Result<Slot, Error> {
    let name = core.names.name_of(id)?;
    let mut settling = Settling::new();
    loop {
        let slot = read_now(core, id).await?;
        let is_missing = matches!(slot, Slot::Absent | Slot::Deleted);
        if !is_missing || !exists(core, &name, &name).await? {
            return Ok(slot);
        }
        settling.wait(outdated(&name)).await?;
    }
}

/// Whether a secret that reads do not find exists. A call that changes nothing tells: AWS checks the
/// current state before a change.
///
/// AWS also denies that call for a secret that does not exist, if the policy requires a tag of the
/// secret. Any other failure tells nothing.
async fn exists(core: &Core, name: &str, arn: &str) -> Result<bool, Error> {
    let secret = Address { name, arn };
    match core.aws.untag(secret, vec![NO_TAG.to_owned()]).await {
        Ok(()) => Ok(true),
        Err(failure) => match failure.reason {
            Reason::NotFound | Reason::Deleted | Reason::Denied => Ok(false),
            _ => Err(failure.error),
        },
    }
}

/// To be called before a read; its result is given to [`slot`] after the read.
pub(crate) fn starting(core: &Core, id: &str) -> Started {
    Started {
        generation: core.cache.generation_of_record(id),
        at: core.cache.now(),
    }
}

/// The state that a value shows. A binary value is not a record's: there is nothing to compare.
pub(crate) fn state_of(value: &Value) -> Option<State> {
    Some(match value {
        Value::Text {
            arn,
            version,
            created,
            ..
        } => State::Version {
            arn: arn.as_str().into(),
            version: version.as_str().into(),
            created: *created,
        },
        Value::NotFound | Value::Deleted => State::Gone,
        Value::Binary { .. } => return None,
    })
}

/// Decodes the value of a secret, and tells the cache about it.
pub(crate) fn slot(
    core: &Core,
    id: &str,
    name: &str,
    value: Value,
    started: Started,
) -> Result<Slot, Error> {
    if let Some(state) = state_of(&value) {
        core.cache.learn_state(id, &state);
    }
    let slot = match value {
        Value::NotFound => Slot::Absent,
        Value::Deleted => Slot::Deleted,
        Value::Binary { version } => {
            return Err(binary().about_secret(name).about_version(&version));
        }
        Value::Text {
            arn,
            text,
            version,
            created,
        } => match document::decode(id, text.expose_secret()) {
            Err(error) => return Err(error.about_secret(name).about_version(&version)),
            Ok(Document::Tombstone) => Slot::Vacant {
                arn: arn.into(),
                version: version.into(),
            },
            Ok(Document::Record {
                token,
                metadata,
                unknown,
            }) => Slot::Record(Arc::new(StoredRecord {
                token,
                metadata,
                unknown,
                arn: arn.into(),
                version,
                created,
                asked: started.at,
            })),
        },
    };
    match &slot {
        Slot::Record(record) => core.cache.loaded(record, started.generation),
        Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => {
            core.cache.missing(id, started.generation);
        }
    }
    Ok(slot)
}

fn outdated(name: &str) -> Error {
    let problem = "AWS returns an older state of the secret than one that it has confirmed";
    Error::new(ErrorKind::Unavailable, problem)
        .about_secret(name)
        .advise("try again in a few seconds: Secrets Manager is eventually consistent")
}

fn binary() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the value of the secret is binary, not a token's document",
    )
    .advise("the secret is left unchanged; move it to another name, or use another prefix")
}
