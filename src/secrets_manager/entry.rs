//! A record as it was read from, or written to, one version of its secret.

use std::time::{Instant, SystemTime};

use super::document::UnknownFields;
use crate::OAuthToken;

/// A record with its version.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) token: OAuthToken,
    pub(super) unknown: UnknownFields,
    pub(super) version: String,
    /// When the version was made, by AWS's clock, where AWS says so.
    pub(super) created: Option<SystemTime>,
    pub(super) asked: Moment,
}

impl Entry {
    pub(super) fn id(&self) -> &str {
        self.token.id().unwrap_or_default()
    }

    /// How many bytes it takes in memory.
    pub(super) fn size(&self) -> usize {
        let parts = self.token.size() + self.unknown.size() + self.version.len();
        size_of::<Self>() + parts
    }
}

#[cfg(test)]
impl Entry {
    /// A record that was read just now, of a version without a name.
    pub(super) fn just_read(token: OAuthToken) -> Self {
        Entry {
            token,
            unknown: UnknownFields::default(),
            version: String::new(),
            created: None,
            asked: Moment::now(),
        }
    }
}

/// When a call was made, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Never set back: for what was before what.
    pub(super) monotonic: Instant,
    /// Goes on while a Lambda function is frozen, where the other one stands still: for how old
    /// something is.
    pub(super) wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Moment {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }
}
