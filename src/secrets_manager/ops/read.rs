//! Reading one record by its id: from the cache, or by name from AWS.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::core::Core;
use crate::secrets_manager::aws::calls::Value;
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::clock::Moment;
use crate::secrets_manager::format::document::{self, Document};
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, ErrorKind};

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
        let core = core.clone();
        async move { read_now(&core, &id).await }
    });
    read.await
}

/// Reads a record by name, in a call of its own.
pub(crate) async fn read_now(core: &Core, id: &str) -> Result<Slot, Error> {
    let name = core.names.name_of(id)?;
    let started = starting(core, id);
    let value = core.aws.get(&name).await.map_err(|failure| failure.error)?;
    slot(core, id, &name, value, started)
}

/// To be called before a read; its result is given to [`slot`] after the read.
pub(crate) fn starting(core: &Core, id: &str) -> Started {
    Started {
        generation: core.cache.generation_of_record(id),
        at: core.cache.now(),
    }
}

/// Decodes the value of a secret, and tells the cache about it.
pub(crate) fn slot(
    core: &Core,
    id: &str,
    name: &str,
    value: Value,
    started: Started,
) -> Result<Slot, Error> {
    let slot = match value {
        Value::NotFound => Slot::Absent,
        Value::Deleted => Slot::Deleted,
        Value::Binary { version } => {
            return Err(binary().about_secret(name).about_version(&version));
        }
        Value::Text {
            text,
            version,
            created,
        } => match document::decode(id, text.expose_secret()) {
            Err(error) => return Err(error.about_secret(name).about_version(&version)),
            Ok(Document::Tombstone) => Slot::Vacant {
                version: version.into(),
            },
            Ok(Document::Record { token, unknown }) => Slot::Record(Arc::new(StoredRecord {
                token,
                unknown,
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

fn binary() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the value of the secret is binary, not a token's document",
    )
    .advise("the secret is left unchanged; move it to another name, or use another prefix")
}
