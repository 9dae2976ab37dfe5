//! The lookups of the store: a hit in the cache at once, everything else from AWS.

use futures::FutureExt;

use crate::secrets_manager::SecretsManagerTokenStore;
use crate::{Error, OAuthToken};

/// The two lookups of [`TokenStore`](crate::TokenStore) as methods of the store itself. Called on
/// it they are these; the trait's do the same, and need one allocation for it.
impl SecretsManagerTokenStore {
    /// The record that the partial token denotes, complete and as it is stored, or none.
    ///
    /// From the cache it is answered without a copy of its values and, but for the cache's upkeep
    /// once in some thousand answers, without an allocation.
    ///
    /// # Errors
    ///
    /// Whatever kept AWS from being asked, or the record from being read.
    pub async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        if let Some(token) = self.core.cache.find(partial) {
            return Ok(Some(token));
        }
        // Boxed, so that a hit does not carry the room for all that along.
        let found = self.core.find_uncached(partial).boxed().await;
        let found = found.map_err(|error| error.during("find_token"))?;
        Ok(found.map(|entry| entry.token.clone()))
    }

    /// The record with this id, or none; from the cache as [`find_token`](Self::find_token).
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) for an empty id.
    pub async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        if let Some(token) = self.core.cache.token(id) {
            return Ok(Some(token));
        }
        let found = async {
            let partial = OAuthToken::builder().id(id).build()?;
            self.core.find_uncached(&partial).await
        };
        let found = found.boxed().await;
        let found = found.map_err(|error| error.during("find_token_by_id"))?;
        Ok(found.map(|entry| entry.token.clone()))
    }
}
