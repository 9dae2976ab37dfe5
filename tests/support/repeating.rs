//! A store that repeats what has failed and may succeed, as callers do: a save or a deletion that
//! has failed may have been done all the same.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::future::BoxFuture;
use zoho_token_store::{Error, ErrorKind, OAuthToken, SecretsManagerTokenStore, TokenStore};

/// More tries in a row than anything needs that can succeed.
const TRIES: usize = 100;

#[derive(Debug)]
pub struct Repeating {
    store: SecretsManagerTokenStore,
    witness: SecretsManagerTokenStore,
    seen: Mutex<Vec<Vec<OAuthToken>>>,
    repeated: Arc<AtomicUsize>,
}

impl Repeating {
    /// Repeats what this store does, and counts how often; the witness is a store that sees at once
    /// what is stored.
    pub fn new(
        store: SecretsManagerTokenStore,
        witness: SecretsManagerTokenStore,
        repeated: Arc<AtomicUsize>,
    ) -> Self {
        Repeating {
            store,
            witness,
            seen: Mutex::default(),
            repeated,
        }
    }

    /// What was stored each time that an operation had failed, since the last time.
    pub fn take_seen(&self) -> Vec<Vec<OAuthToken>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut seen)
    }

    async fn repeat<'a, T>(
        &self,
        operation: impl Fn() -> BoxFuture<'a, Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match operation().await {
                // Credentials are renewed by who has given them.
                Err(error)
                    if tries < TRIES
                        && (error.is_retryable() || error.kind() == ErrorKind::Unauthenticated) =>
                {
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                    let stored = self.witness.get_tokens().await?;
                    let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push(stored);
                }
                answer => return answer,
            }
        }
    }
}

#[async_trait]
impl TokenStore for Repeating {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        self.repeat(|| self.store.find_token(partial)).await
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.repeat(|| self.store.save_token(token)).await
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        self.repeat(|| self.store.delete_token(id)).await
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        self.repeat(|| self.store.get_tokens()).await
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        self.repeat(|| self.store.delete_tokens()).await
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        self.repeat(|| self.store.find_token_by_id(id)).await
    }
}
