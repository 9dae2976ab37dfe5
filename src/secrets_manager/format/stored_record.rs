//! A record as it was read from, or written to, one version of its secret; and what may stand in its
//! place.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::OAuthToken;
use crate::secrets_manager::format::document::UnknownFields;

/// A record with its version.
#[derive(Debug)]
pub(crate) struct StoredRecord {
    pub(crate) token: OAuthToken,
    pub(crate) unknown: UnknownFields,
    pub(crate) version: String,
    /// When the version was made, by AWS's clock, if known.
    pub(crate) created: Option<SystemTime>,
    pub(crate) asked: Moment,
}

impl StoredRecord {
    pub(crate) fn id(&self) -> &str {
        self.token.id().unwrap_or_default()
    }

    /// The size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let parts = self.token.size() + self.unknown.size() + self.version.len();
        size_of::<Self>() + parts
    }
}

#[cfg(test)]
impl StoredRecord {
    /// A record that was read just now, of a version without a name.
    pub(crate) fn just_read(token: OAuthToken) -> Self {
        StoredRecord {
            token,
            unknown: UnknownFields::default(),
            version: String::new(),
            created: None,
            asked: Moment::now(),
        }
    }
}

/// What is stored under an id.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Record(Arc<StoredRecord>),
    /// A secret whose current version is a tombstone: its deletion was started and not finished.
    Vacant {
        version: Arc<str>,
    },
    /// A secret that is marked for deletion.
    Deleted,
    Absent,
}

/// When a call was made, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Never set back: tells which of two calls came first.
    pub(crate) monotonic: Instant,
    /// Goes on while a Lambda function is frozen, when the monotonic clock stands still: tells how
    /// old something is.
    pub(crate) wall: SystemTime,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Moment {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }
}
