//! A record as it was read from, or written to, one version of its secret; and what may stand in its
//! place.

use std::sync::Arc;
use std::time::SystemTime;

use crate::OAuthToken;
use crate::clock::Moment;
use crate::secrets_manager::format::document::{Metadata, UnknownFields};

/// A record with its version.
#[derive(Debug)]
pub(crate) struct StoredRecord {
    pub(crate) token: OAuthToken,
    pub(crate) metadata: Metadata,
    pub(crate) unknown: UnknownFields,
    /// The secret's ARN. It ends in six random characters: a secret that is deleted and created
    /// again has another one.
    pub(crate) arn: Arc<str>,
    pub(crate) version: String,
    /// When the version was made, by AWS's clock, if known.
    pub(crate) created: Option<SystemTime>,
    /// When the call that read or wrote it was made.
    pub(crate) asked: Moment,
}

impl StoredRecord {
    pub(crate) fn id(&self) -> &str {
        self.token.id().unwrap_or_default()
    }

    /// The size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let parts = self.token.size()
            + self.metadata.index.size()
            + self.metadata.refresh_lease.as_ref().map_or(0, String::len)
            + self.unknown.size()
            + self.version.len()
            + self.arn.len();
        size_of::<Self>() + parts
    }
}

#[cfg(test)]
use crate::clock::Clock;

#[cfg(test)]
impl StoredRecord {
    /// A record that was read just now, of a version without a name.
    pub(crate) fn just_read(token: OAuthToken) -> Self {
        StoredRecord {
            token,
            metadata: Metadata::default(),
            unknown: UnknownFields::default(),
            arn: "".into(),
            version: String::new(),
            created: None,
            asked: Clock::default().now(),
        }
    }
}

/// What is stored under an id.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Record(Arc<StoredRecord>),
    /// A secret whose current version is a tombstone: its deletion was started and not finished.
    Vacant {
        arn: Arc<str>,
        version: Arc<str>,
    },
    /// A secret that is marked for deletion.
    Deleted,
    Absent,
}
