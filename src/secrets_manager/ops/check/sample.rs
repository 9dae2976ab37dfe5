//! Up to 100 records, with their tags, to compare with what the store would write.

use futures::{StreamExt, stream};
use secrecy::{ExposeSecret, SecretString};

use crate::secrets_manager::aws::calls::probes::Entry;
use crate::secrets_manager::aws::calls::{Address, Value};
use crate::secrets_manager::aws::failure::Failure;
use crate::secrets_manager::format::document::{self, Document};
use crate::secrets_manager::format::tags::{Tag, is_managed};
use crate::secrets_manager::ops::bulk::CALLS_AT_ONCE;
use crate::secrets_manager::ops::core::Core;
use crate::{Error, ErrorKind, OAuthToken};

/// The first page of the list, and what its secrets contain.
pub(super) struct Sample {
    /// Why there is no list; `None` if there is one.
    pub(super) failure: Option<Failure>,
    pub(super) listed: Vec<Entry>,
    /// Whether the list has more pages.
    pub(super) more: bool,
    pub(super) records: Vec<Sampled>,
    /// Secrets that AWS returned and that are no documents of the store.
    pub(super) undecodable: Vec<Error>,
    /// Secrets that AWS did not return.
    pub(super) unread: Vec<Error>,
}

/// A record of the sample.
pub(super) struct Sampled {
    pub(super) name: String,
    /// The secret may be deleted and created again during the check.
    pub(super) arn: String,
    pub(super) tags: Vec<Tag>,
    pub(super) token: OAuthToken,
    pub(super) version: String,
    pub(super) text: SecretString,
}

impl Sampled {
    pub(super) fn address(&self) -> Address<'_> {
        Address {
            name: &self.name,
            arn: &self.arn,
        }
    }
}

enum Read {
    Record(Sampled),
    Undecodable(Error),
    Unread(Error),
    /// Deleted, or being deleted.
    Gone,
}

impl Sample {
    pub(super) async fn read(core: &Core) -> Self {
        let mut sample = Sample {
            failure: None,
            listed: Vec::new(),
            more: false,
            records: Vec::new(),
            undecodable: Vec::new(),
            unread: Vec::new(),
        };
        if !core.tag_index {
            return sample;
        }
        match core.aws.entries(Some(core.names.prefix())).await {
            Err(failure) => sample.failure = Some(failure),
            Ok((entries, more)) => {
                let own = entries.into_iter().filter(|entry| {
                    is_managed(&entry.tags) && core.names.id_of(&entry.name).is_some()
                });
                (sample.listed, sample.more) = (own.collect(), more);
            }
        }
        let reads = sample.listed.iter().map(|entry| read(core, entry));
        let reads: Vec<_> = reads.collect();
        let reads = stream::iter(reads).buffered(CALLS_AT_ONCE);
        for read in reads.collect::<Vec<_>>().await {
            match read {
                Read::Record(record) => sample.records.push(record),
                Read::Undecodable(error) => sample.undecodable.push(error),
                Read::Unread(error) => sample.unread.push(error),
                Read::Gone => {}
            }
        }
        sample
    }
}

async fn read(core: &Core, entry: &Entry) -> Read {
    match core.aws.get(&entry.name).await {
        Err(failure) => Read::Unread(failure.error),
        Ok(Value::NotFound | Value::Deleted) => Read::Gone,
        Ok(Value::Binary { .. }) => {
            let error = Error::new(ErrorKind::Decode, "the value of the secret is binary");
            Read::Undecodable(error.about_secret(&entry.name))
        }
        Ok(Value::Text {
            arn, text, version, ..
        }) => {
            let id = core.names.id_of(&entry.name).unwrap_or_default();
            match document::decode(&id, text.expose_secret()) {
                Err(error) => Read::Undecodable(error.about_secret(&entry.name)),
                Ok(Document::Tombstone) => Read::Gone,
                Ok(Document::Record { token, .. }) => Read::Record(Sampled {
                    name: entry.name.clone(),
                    arn,
                    tags: entry.tags.clone(),
                    token,
                    version,
                    text,
                }),
            }
        }
    }
}
