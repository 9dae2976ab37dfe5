//! The store that keeps each token as a JSON secret in AWS Secrets Manager.
//!
//! This module holds the store and its six methods. `ops` implements them with the calls of `aws` and
//! the memory of `cache`; `format` describes the secrets.

mod aws;
mod builder;
mod cache;
mod description;
mod env;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod ops;
pub(crate) mod report;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{FutureExt, Stream, StreamExt};

use crate::token::builder::check_id;
use crate::{Error, OAuthToken, RecordVersion, RefreshCoordination, Swap, TokenStore};

use ops::core::Core;
use ops::time_limit::limited;
use ops::{bulk, check, coordinate, delete, describe, find, reindex, save, undelete, warm_up};

pub use aws::deletion::Deletion;
pub use builder::SecretsManagerTokenStoreBuilder;
pub use description::{DeletedRecord, Description, VersionDescription};
pub use report::{Check, Outcome, Report};

/// A [`TokenStore`] that keeps each token as a JSON secret in AWS Secrets Manager.
///
/// A record is found by its id, by a name derived from the user or token it was first saved with,
/// or through an index of tags. Records that were found are cached for a while. Writers in any
/// number of processes do not overwrite each other: a save that meets another one is repeated on
/// top of it. [What is guaranteed](crate#what-is-guaranteed) tells the details.
///
/// Cloning is cheap; all clones share the cache and the connections.
///
/// ```no_run
/// use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let store = SecretsManagerTokenStore::from_env().await?;
/// let ada = OAuthToken::builder().user_name("ada@example.com:7").build()?;
/// let token = store.find_token(&ada).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SecretsManagerTokenStore {
    core: Arc<Core>,
}

impl SecretsManagerTokenStore {
    /// Returns a store with the settings of the environment: the standard AWS variables and
    /// [`ZOHO_TOKEN_STORE_…`](crate#settings).
    ///
    /// The same as [`SecretsManagerTokenStoreBuilder::from_env`] followed by
    /// [`build`](SecretsManagerTokenStoreBuilder::build).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if a setting is unknown or malformed, or if no AWS region is
    /// set.
    pub async fn from_env() -> Result<Self, Error> {
        SecretsManagerTokenStoreBuilder::from_env()?.build().await
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> SecretsManagerTokenStoreBuilder {
        SecretsManagerTokenStoreBuilder::default()
    }

    /// Resolves the credentials, connects to AWS, and reads the fingerprint key if it is in a
    /// secret, so that the first lookup need not wait for that.
    ///
    /// For the init phase of a Lambda function. It makes one `GetSecretValue`, for a secret under
    /// the prefix that does not exist; with `fingerprint_key_secret` two, for that secret. So it does
    /// not detect a wrong region, prefix or fingerprint key, nor a missing permission for other calls.
    /// A program that is not to start with such a mistake calls [`check`](Self::check), which makes
    /// many more calls, and ends if [`Report::can_read`] is false.
    ///
    /// # Errors
    ///
    /// Those that the first lookup would return. The store can be used nevertheless.
    pub async fn warm_up(&self) -> Result<(), Error> {
        let warmed_up = warm_up::warm_up(&self.core).await;
        warmed_up.map_err(|error| error.during("warm_up"))
    }

    /// Checks whether the store works as configured, and changes nothing.
    ///
    /// For a smoke test after a deployment: with a wrong region, prefix or fingerprint key, lookups
    /// return nothing, as if nobody had logged in. The report tells whether
    ///
    /// - AWS can be reached and accepts the credentials,
    /// - the role has each permission that can be tried: reads and deletions are tried with a random
    ///   name under the prefix, other writes repeat what a record already has,
    /// - there are records under the prefix, and if not, under which others,
    /// - the fingerprint key is the one with which the records were tagged,
    /// - the tags of at most 100 records are right, and their values can be decrypted.
    ///
    /// A role that may only read fails the checks of the writes; see [`Report::can_read`]. The
    /// check makes up to 120 calls, and more if tags are wrong.
    pub async fn check(&self) -> Report {
        check::check(&self.core).boxed().await
    }

    /// Gives every record the tags that the index should have for it, and returns the number of
    /// records whose tags were wrong.
    ///
    /// Call it after the fingerprint key has changed, or if the index was changed by hand or not
    /// written while it was switched off. It can be interrupted and called again: records with the
    /// right tags are left alone. Lookups work throughout: while the secret with the fingerprint
    /// key has a previous version, records are found under both keys.
    ///
    /// # Errors
    ///
    /// Those of [`get_tokens`](TokenStore::get_tokens), after all other records have been tagged;
    /// and [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if the store's tag index is switched off.
    pub async fn reindex(&self) -> Result<usize, Error> {
        let reindexed = reindex::reindex(&self.core).await;
        reindexed.map_err(|error| error.during("reindex"))
    }

    /// Returns all records as a stream, each as soon as it is read, in bounded memory.
    ///
    /// A secret that cannot be read is an error in the stream and does not end it. If AWS cannot be
    /// asked, the error ends the stream.
    ///
    /// ```no_run
    /// # use zoho_token_store::{Error, SecretsManagerTokenStore};
    /// use futures::StreamExt;
    ///
    /// # async fn print(store: SecretsManagerTokenStore) -> Result<(), Error> {
    /// let mut tokens = store.tokens();
    /// while let Some(token) = tokens.next().await {
    ///     println!("{:?}", token?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn tokens(&self) -> impl Stream<Item = Result<OAuthToken, Error>> + Send + Unpin + 'static {
        bulk::tokens(&self.core).boxed()
    }

    /// Describes the secret of the record with this id: its versions, tags, replicas, KMS key and
    /// deletion. Returns `None` if there is no such secret. It does not read the value.
    ///
    /// It makes one `DescribeSecret` and one `ListSecretVersionIds` for 100 versions. Without the
    /// permission for the second, or if the secret is marked for deletion and AWS therefore refuses it,
    /// versions have no time and those without a staging label are missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the id is empty, and those of AWS.
    pub async fn describe(&self, id: &str) -> Result<Option<Description>, Error> {
        let described = async {
            check_id(id)?;
            describe::describe(&self.core, id).await
        };
        limited("describe", described).await
    }

    /// Returns the records that were deleted and whose secrets still exist, in any order. An error
    /// ends the stream.
    ///
    /// [`undelete`](Self::undelete) brings one back. A list may be five minutes old.
    pub fn deleted(
        &self,
    ) -> impl Stream<Item = Result<DeletedRecord, Error>> + Send + Unpin + 'static {
        let deleted = describe::deleted(&self.core);
        deleted
            .map(|record| record.map_err(|error| error.during("deleted")))
            .boxed()
    }

    /// Brings a deleted record back, with the token that it had, and returns it. Returns `None` if
    /// there is no secret with this id: its recovery window is over, or it was deleted by force.
    ///
    /// A record that is not deleted is returned as it is, so an undeletion that was interrupted can be
    /// repeated. The role needs the permissions to read earlier versions and, to find out whether the user
    /// has another record, for `ListSecrets`; the role `admin` of the Terraform module has them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`](crate::ErrorKind::Other) if no version of the secret holds a token, or if the
    /// user has logged in under another id meanwhile, which the error names; the record stays deleted then.
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the secret is not this store's. And those of
    /// [`save_token`](TokenStore::save_token).
    pub async fn undelete(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        let undeleted = async {
            check_id(id)?;
            undelete::undelete(&self.core, id).await
        };
        limited("undelete", undeleted).await
    }
}

#[async_trait]
impl TokenStore for SecretsManagerTokenStore {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        if let Some(token) = self.core.cache.find(partial) {
            return Ok(Some(token));
        }
        let found = limited("find_token", find::find_uncached(&self.core, partial)).await?;
        Ok(found.map(|record| record.token.clone()))
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        limited("save_token", save::save(&self.core, token)).await
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        let deleted = async {
            check_id(id)?;
            delete::delete(&self.core, id).await
        };
        limited("delete_token", deleted).await
    }

    /// Returns all records, in any order.
    ///
    /// # Errors
    ///
    /// If some secrets under the prefix cannot be read, one error that names them; its
    /// [`readable_tokens`](Error::readable_tokens) are the tokens in all others. Its kind is that of
    /// the first of them: [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the secret holds no
    /// token, [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) or
    /// [`ErrorKind::Encryption`](crate::ErrorKind::Encryption) if this process may not read it. If the
    /// first 1,000 secrets are all denied, the others are not read, and the error names only the first.
    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        let tokens = bulk::get_all(&self.core).await;
        tokens.map_err(|error| error.during("get_tokens"))
    }

    /// Deletes all secrets that have the prefix and the tag of this store and hold a record.
    ///
    /// # Errors
    ///
    /// Secrets that cannot be read or deleted are left unchanged and named in an error, as by
    /// [`get_tokens`](TokenStore::get_tokens), after all others have been deleted.
    async fn delete_tokens(&self) -> Result<(), Error> {
        let deleted = bulk::delete_all(&self.core).await;
        deleted.map_err(|error| error.during("delete_tokens"))
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        if let Some(token) = self.core.cache.token(id) {
            return Ok(Some(token));
        }
        let found = async {
            let partial = OAuthToken::builder().id(id).build()?;
            find::find_uncached(&self.core, &partial).await
        };
        let found = limited("find_token_by_id", found).await?;
        Ok(found.map(|record| record.token.clone()))
    }

    fn invalidate(&self, id: &str) {
        self.core.cache.forget(id);
    }

    fn coordination(&self) -> Option<&dyn RefreshCoordination> {
        Some(self)
    }
}

#[async_trait]
impl RefreshCoordination for SecretsManagerTokenStore {
    async fn read(&self, id: &str) -> Result<Option<RecordVersion>, Error> {
        limited("read", coordinate::read_version(&self.core, id)).await
    }

    async fn swap(
        &self,
        current: &RecordVersion,
        token: &OAuthToken,
        lease: Option<&str>,
    ) -> Result<Swap, Error> {
        let swapped = coordinate::swap_version(&self.core, current, token, lease);
        limited("swap", swapped).await
    }
}

impl fmt::Debug for SecretsManagerTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerTokenStore")
            .field("prefix", &self.core.names)
            .field("tag_index", &self.core.tag_index)
            .field("deletion", &self.core.aws.deletion)
            .finish_non_exhaustive()
    }
}
