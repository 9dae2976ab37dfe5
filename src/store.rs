//! The `TokenStore` trait and its contract.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Error, OAuthToken, RefreshCoordination};

/// Where a client of Zoho's APIs keeps its OAuth tokens: the interface of Zoho's CRM SDKs, in Rust.
///
/// The SDKs read the store on every API call and write to it after every refresh, from many tasks
/// at the same time. The six methods mean the same in every implementation.
///
/// # Which record a partial token denotes
///
/// The record that shares its strongest identifying field and disagrees in neither user nor client:
///
/// 1. With an `id`: the record with that id and no other. Nothing else is compared.
/// 2. Otherwise `user_name`, then `access_token`, then `grant_token`, then `refresh_token` is
///    tried, each only if it is given. The first field in which some record is equal decides,
///    counting only records that *agree* in `user_name` and in `client_id`: equal, or absent on one
///    of the two sides.
/// 3. Among several such records, those with exactly the given `client_id` come first; beyond that
///    the choice is unspecified but always the same.
///
/// Values are compared byte for byte. `client_secret` is never compared: it may be rotated.
/// [`matching`](crate::matching) holds these rules as code for other implementations.
///
/// # Errors
///
/// A failure is always reported, and an outage is never reported as "no such token". The methods
/// that take an id return [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if it is
/// empty.
///
/// # Implementing it
///
/// The feature `conformance` has this contract as a function to call from your tests. References,
/// boxes and `Arc`s of a store are stores too.
///
/// ```
/// use zoho_token_store::{Error, MemoryTokenStore, OAuthToken, TokenStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let store: Box<dyn TokenStore> = Box::new(MemoryTokenStore::new());
/// store
///     .save_token(&OAuthToken::builder().user_name("ada@example.com:7").refresh_token("1000.rr").build()?)
///     .await?;
/// let asked = OAuthToken::builder().user_name("ada@example.com:7").build()?;
/// assert!(store.find_token(&asked).await?.is_some());
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait TokenStore: Debug + Send + Sync {
    /// Returns the record that the partial token denotes, complete and as it is stored, or `None`.
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error>;

    /// Updates the record that the token denotes, or inserts one, and returns the whole record as
    /// it is stored.
    ///
    /// In an update the given fields replace the stored ones, absent fields keep them, and the id
    /// never changes. There is one exception: a save that brings another access token and no
    /// `expiry_time` drops the stored one, which was that of the old access token.
    ///
    /// An inserted record gets the given id or a generated one. It needs at least one of
    /// `access_token`, `grant_token` and `refresh_token`; otherwise the error is of the kind
    /// [`InvalidToken`](crate::ErrorKind::InvalidToken).
    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error>;

    /// Deletes the record with this id. It is not an error if there is none.
    async fn delete_token(&self, id: &str) -> Result<(), Error>;

    /// Returns all records, in any order.
    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error>;

    /// Deletes all records of this store and nothing else.
    async fn delete_tokens(&self) -> Result<(), Error>;

    /// Returns the record with this id, or `None`.
    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error>;

    /// Drops what the store has cached of the record with this id, so that the next lookup reads it
    /// again.
    ///
    /// Call it when Zoho refuses an access token (HTTP status 401) that has not expired. A store
    /// without a cache does nothing, which is the default.
    fn invalidate(&self, id: &str) {
        let _ = id;
    }

    /// Returns the coordination through which processes decide who refreshes a token, if the store
    /// offers it. The default is `None`: then each process refreshes for itself.
    fn coordination(&self) -> Option<&dyn RefreshCoordination> {
        None
    }
}

/// Passes every method on to the store behind a pointer.
macro_rules! forward {
    ($pointer:ty) => {
        #[async_trait]
        impl<T: TokenStore + ?Sized> TokenStore for $pointer {
            async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
                (**self).find_token(partial).await
            }

            async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
                (**self).save_token(token).await
            }

            async fn delete_token(&self, id: &str) -> Result<(), Error> {
                (**self).delete_token(id).await
            }

            async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
                (**self).get_tokens().await
            }

            async fn delete_tokens(&self) -> Result<(), Error> {
                (**self).delete_tokens().await
            }

            async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
                (**self).find_token_by_id(id).await
            }

            fn invalidate(&self, id: &str) {
                (**self).invalidate(id);
            }

            fn coordination(&self) -> Option<&dyn RefreshCoordination> {
                (**self).coordination()
            }
        }
    };
}

forward!(&T);
forward!(Box<T>);
forward!(Arc<T>);
