//! A store that repeats failed operations as callers do. A failed save or deletion may have been
//! applied.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use zoho_token_store::{Error, ErrorKind, OAuthToken, SecretsManagerTokenStore, TokenStore};

use super::fake_aws::TestTime;

/// The attempts per operation: more than anything needs that can succeed.
const TRIES: usize = 100;

/// What is visible after an operation has failed.
#[derive(Debug)]
pub struct Seen {
    pub stored: Vec<OAuthToken>,
    /// What the failed store finds for the token that it was to save, if it can.
    pub found: Option<OAuthToken>,
}

#[derive(Debug)]
pub struct Repeating {
    store: SecretsManagerTokenStore,
    witness: SecretsManagerTokenStore,
    seen: Mutex<Vec<Seen>>,
    repeated: Arc<AtomicUsize>,
    time: TestTime,
}

impl Repeating {
    /// Returns a store that repeats failed operations of `store` two seconds of test time later and
    /// counts them. `witness` is a store that sees every change at once.
    pub fn new(
        store: SecretsManagerTokenStore,
        witness: SecretsManagerTokenStore,
        repeated: Arc<AtomicUsize>,
        time: TestTime,
    ) -> Self {
        Repeating {
            store,
            witness,
            seen: Mutex::default(),
            repeated,
            time,
        }
    }

    /// Returns what was visible after each failure since the last call.
    pub fn take_seen(&self) -> Vec<Seen> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut seen)
    }

    async fn repeat<'a, T>(
        &self,
        saving: Option<&OAuthToken>,
        operation: impl Fn() -> BoxFuture<'a, Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match operation().await {
                Err(error) if tries < TRIES && may_pass(&error) => self.look(saving).await?,
                result => return result,
            }
        }
    }

    async fn look(&self, saving: Option<&OAuthToken>) -> Result<(), Error> {
        self.repeated.fetch_add(1, Ordering::Relaxed);
        self.time.advance(Duration::from_secs(1));
        let found = match saving {
            Some(token) => self.store.find_token(token).await.unwrap_or_default(),
            None => None,
        };
        let stored = self.witness.get_tokens().await?;
        // The lookup must not use up the quota of the repetition.
        self.time.advance(Duration::from_secs(1));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(Seen { stored, found });
        Ok(())
    }
}

/// The callers renew expired credentials.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::Unauthenticated
}

#[async_trait]
impl TokenStore for Repeating {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        self.repeat(None, || TokenStore::find_token(&self.store, partial))
            .await
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.repeat(Some(token), || self.store.save_token(token))
            .await
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        self.repeat(None, || self.store.delete_token(id)).await
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        self.repeat(None, || self.store.get_tokens()).await
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        self.repeat(None, || self.store.delete_tokens()).await
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        self.repeat(None, || TokenStore::find_token_by_id(&self.store, id))
            .await
    }
}
