//! A record as it was read from, or written to, one version of its secret.

use std::time::SystemTime;

use crate::OAuthToken;
use crate::secrets_manager::clock::Moment;
use crate::secrets_manager::format::document::UnknownFields;

/// A record with its version.
#[derive(Debug)]
pub(crate) struct StoredRecord {
    pub(crate) token: OAuthToken,
    pub(crate) unknown: UnknownFields,
    pub(crate) version: String,
    /// When the version was made, by AWS's clock, where AWS says so.
    pub(crate) created: Option<SystemTime>,
    /// When the call that read or wrote it was made.
    pub(crate) asked: Moment,
}

impl StoredRecord {
    pub(crate) fn id(&self) -> &str {
        self.token.id().unwrap_or_default()
    }

    /// How many bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        let parts = self.token.size() + self.unknown.size() + self.version.len();
        size_of::<Self>() + parts
    }
}

#[cfg(test)]
use crate::secrets_manager::clock::Clock;

#[cfg(test)]
impl StoredRecord {
    /// A record that was read just now, of a version without a name.
    pub(crate) fn just_read(token: OAuthToken) -> Self {
        StoredRecord {
            token,
            unknown: UnknownFields::default(),
            version: String::new(),
            created: None,
            asked: Clock::default().now(),
        }
    }
}
