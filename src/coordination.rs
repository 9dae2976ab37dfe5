//! What processes that share a store need to refresh a token once for all of them.

use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{Error, OAuthToken};

/// The operations of a [`TokenStore`](crate::TokenStore) with which processes agree on who refreshes
/// a token: compare-and-swap on one record.
///
/// A store that offers them returns itself from
/// [`TokenStore::coordination`](crate::TokenStore::coordination). A record has a *lease* beside its
/// token: a text that only the refreshing processes read, and that no lookup returns. A save by
/// [`save_token`](crate::TokenStore::save_token) drops the lease if it changes one of the tokens, the
/// expiry time or the client, and keeps it otherwise:
/// [`matching::keeps_lease`](crate::matching::keeps_lease) decides.
#[async_trait]
pub trait RefreshCoordination: Debug + Send + Sync {
    /// Reads the record with this id from where it is stored, never from a cache. Returns `None` if
    /// there is none.
    async fn read(&self, id: &str) -> Result<Option<RecordVersion>, Error>;

    /// Replaces this version of a record by one with this token and lease, if it is still the
    /// current version.
    ///
    /// It never inserts a record and never brings a deleted one back: both are
    /// [`Swap::Refused`]. The id of the token is that of the version. If the result is an error, the
    /// version may or may not have been replaced.
    async fn swap(
        &self,
        current: &RecordVersion,
        token: &OAuthToken,
        lease: Option<&str>,
    ) -> Result<Swap, Error>;
}

/// How a [`swap`](RefreshCoordination::swap) ended.
#[derive(Clone, Debug)]
pub enum Swap {
    /// The new version is the current one.
    Current(RecordVersion),
    /// The new version was stored, but may not be the current one any more.
    Superseded,
    /// Nothing was stored: the version was not the current one, or the record was deleted.
    Refused,
}

/// One version of a stored record.
#[derive(Clone)]
pub struct RecordVersion {
    token: OAuthToken,
    lease: Option<String>,
    written_at: Option<SystemTime>,
    version: Arc<dyn Any + Send + Sync>,
}

impl RecordVersion {
    /// Creates a version, for implementations of [`RefreshCoordination`].
    ///
    /// `version` is what the store tells versions apart by; [`version`](Self::version) returns it.
    pub fn new(token: OAuthToken, lease: Option<String>, version: impl Any + Send + Sync) -> Self {
        RecordVersion {
            token,
            lease,
            written_at: None,
            version: Arc::new(version),
        }
    }

    /// Sets when the version was written, by the store's clock.
    #[must_use]
    pub fn written_at_time(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        self.written_at = time.into();
        self
    }

    /// Returns the whole record.
    pub fn token(&self) -> &OAuthToken {
        &self.token
    }

    /// Returns the lease, if the record has one.
    pub fn lease(&self) -> Option<&str> {
        self.lease.as_deref()
    }

    /// Returns when the version was written, by the store's clock, if the store knows.
    pub fn written_at(&self) -> Option<SystemTime> {
        self.written_at
    }

    /// Returns what [`new`](Self::new) was given, if it is of this type.
    pub fn version<T: Any>(&self) -> Option<&T> {
        self.version.downcast_ref()
    }
}

impl Debug for RecordVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordVersion")
            .field("token", &self.token)
            .field("lease", &self.lease)
            .field("written_at", &self.written_at)
            .finish_non_exhaustive()
    }
}
