//! The store that keeps each token as a JSON secret in AWS Secrets Manager.

mod aws;
mod builder;
mod cache;
mod clock;
mod env;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod ops;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use futures::Stream;
use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::token::builder::check_id;
use crate::{Error, ErrorKind, OAuthToken, TokenStore};

use aws::calls::{Api, Value};
use cache::Cache;
use cache::generations::Generation;
use format::fingerprint::Fingerprints;
use format::secret_name::SecretNames;
use format::stored_record::StoredRecord;
use ops::find::{Query, Slot};
use ops::single_flight::SingleFlight;

pub use builder::SecretsManagerTokenStoreBuilder;

/// A [`TokenStore`] that keeps each token as a JSON secret in AWS Secrets Manager.
///
/// Records are found by their id, by a name derived from the user or token they were first saved
/// with, or through a tag index; what was found stays in a cache for a while. Writers on many
/// machines do not overwrite each other: a save that meets another one is repeated on top of it.
/// The README tells what is guaranteed, and what AWS's eventual consistency leaves open.
///
/// It is cheap to clone, and all clones share cache and connections.
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

/// What a lookup answers: a record, none, or a failure.
type Found = Result<Option<Arc<StoredRecord>>, Error>;

/// What the clones of a store share.
struct Core {
    api: Api,
    names: SecretNames,
    tag_index: bool,
    cache: Cache,
    fingerprint_key: FingerprintKey,
    fingerprints: OnceCell<Fingerprints>,
    reads: SingleFlight<(Arc<str>, Generation), Result<Slot, Error>>,
    lookups: SingleFlight<(Query, Generation), Found>,
    locks: RecordLocks,
    batch_denied: AtomicBool,
}

/// The key that fingerprints are made with.
enum FingerprintKey {
    /// None: everybody who knows a user name can tell its fingerprint.
    Public,
    Given(SecretSlice<u8>),
    /// The value of the secret with this name or ARN.
    InSecret(String),
}

impl SecretsManagerTokenStore {
    /// A store with the settings of the environment: the standard AWS variables, and
    /// `ZOHO_TOKEN_STORE_…`.
    ///
    /// The same as [`SecretsManagerTokenStoreBuilder::from_env`] and then
    /// [`build`](SecretsManagerTokenStoreBuilder::build).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for a setting that is unknown or malformed, and when there is
    /// no AWS region.
    pub async fn from_env() -> Result<Self, Error> {
        SecretsManagerTokenStoreBuilder::from_env()?.build().await
    }

    /// A builder with the default settings.
    pub fn builder() -> SecretsManagerTokenStoreBuilder {
        SecretsManagerTokenStoreBuilder::default()
    }

    /// Does now what the first call would wait for: resolves the credentials, connects to AWS, and
    /// reads the fingerprint key if it is in a secret.
    ///
    /// For the init phase of a Lambda function. It makes one `GetSecretValue`, of a secret below the
    /// prefix that does not exist; or with `fingerprint_key_secret` two, of that secret.
    ///
    /// # Errors
    ///
    /// Those that the first call would have met. The store can be used nonetheless.
    pub async fn warm_up(&self) -> Result<(), Error> {
        let warmed_up = self.core.warm_up().await;
        warmed_up.map_err(|error| error.during("warm_up"))
    }

    /// Drops what the cache knows of a record, so that the next lookup asks AWS.
    ///
    /// For a token that Zoho has refused (HTTP status 401) though it has not expired.
    pub fn invalidate(&self, id: &str) {
        self.core.cache.forget(id);
    }

    /// Gives every record the tags that the index should have of it, and answers how many had
    /// other ones.
    ///
    /// For a new fingerprint key, and for an index that was changed by hand or left behind by a
    /// store that had it switched off. It can be interrupted and called again: records with the
    /// right tags are left alone. Lookups are answered throughout: while the secret with the
    /// fingerprint key has a version before the current one, records are found under both.
    ///
    /// # Errors
    ///
    /// Those of [`get_tokens`](TokenStore::get_tokens), after all others have been tagged; and
    /// [`ErrorKind::InvalidConfig`] if the store's tag index is off.
    pub async fn reindex(&self) -> Result<usize, Error> {
        self.core
            .reindex()
            .await
            .map_err(|error| error.during("reindex"))
    }

    /// All records as a stream, each as soon as it is read: memory stays bounded however many there
    /// are.
    ///
    /// A secret that cannot be read is an error in the stream and does not end it; an error of
    /// AWS's does.
    ///
    /// ```no_run
    /// # use zoho_token_store::{Error, SecretsManagerTokenStore};
    /// use futures::{StreamExt, pin_mut};
    ///
    /// # async fn print(store: SecretsManagerTokenStore) -> Result<(), Error> {
    /// let tokens = store.tokens();
    /// pin_mut!(tokens);
    /// while let Some(token) = tokens.next().await {
    ///     println!("{:?}", token?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn tokens(&self) -> impl Stream<Item = Result<OAuthToken, Error>> + Send + 'static {
        self.core.tokens()
    }
}

#[async_trait]
impl TokenStore for SecretsManagerTokenStore {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        SecretsManagerTokenStore::find_token(self, partial).await
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.core
            .save(token)
            .await
            .map_err(|error| error.during("save_token"))
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        let deleted = async {
            check_id(id)?;
            self.core.delete(id).await
        };
        deleted.await.map_err(|error| error.during("delete_token"))
    }

    /// All records, in any order.
    ///
    /// # Errors
    ///
    /// Secrets below the prefix that cannot be read are one error of the kind [`ErrorKind::Decode`]
    /// that names them; the tokens in all others are its
    /// [`readable_tokens`](Error::readable_tokens).
    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        self.core
            .get_all()
            .await
            .map_err(|error| error.during("get_tokens"))
    }

    /// Deletes all secrets that have both the prefix and the tag of this store and hold a record.
    ///
    /// # Errors
    ///
    /// Secrets that cannot be read are left alone and named in an error of the kind
    /// [`ErrorKind::Decode`], after all others have been deleted.
    async fn delete_tokens(&self) -> Result<(), Error> {
        self.core
            .delete_all()
            .await
            .map_err(|error| error.during("delete_tokens"))
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        SecretsManagerTokenStore::find_token_by_id(self, id).await
    }
}

impl fmt::Debug for SecretsManagerTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerTokenStore")
            .field("prefix", &self.core.names)
            .field("tag_index", &self.core.tag_index)
            .field("deletion", &self.core.api.deletion)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Waits until no other task of this process writes the record.
    async fn turn(&self, id: &str) -> MutexGuard<'_, ()> {
        self.locks.of(id).lock().await
    }

    /// The fingerprints; their key is fetched, if it is in a secret, when it is first needed.
    async fn fingerprints(&self) -> Result<&Fingerprints, Error> {
        let make = async || match &self.fingerprint_key {
            FingerprintKey::Public => Fingerprints::new(&[]),
            FingerprintKey::Given(key) => Fingerprints::new(std::slice::from_ref(key)),
            FingerprintKey::InSecret(name) => {
                let keys = self.fetch_keys(name).await?;
                Fingerprints::new(&keys).map_err(|error| error.about_secret(name))
            }
        };
        self.fingerprints.get_or_try_init(make).await
    }

    /// The key in this secret, and the one before it: records are found under both, so that the
    /// key can be rotated while the store is in use.
    async fn fetch_keys(&self, name: &str) -> Result<Vec<SecretSlice<u8>>, Error> {
        let mut keys = Vec::new();
        for stage in ["AWSCURRENT", "AWSPREVIOUS"] {
            let value = self.api.get_stage(name, stage).await;
            match value.map_err(|failure| failure.error)? {
                Value::Text { text, .. } => {
                    keys.push(SecretSlice::from(text.expose_secret().as_bytes().to_vec()));
                }
                Value::NotFound if !keys.is_empty() => {}
                _ => return Err(no_key().about_secret(name)),
            }
        }
        Ok(keys)
    }
}

fn no_key() -> Error {
    let problem = "there is no fingerprint key in the secret";
    Error::new(ErrorKind::InvalidConfig, problem).advise(
        "store a random string of at least 16 bytes in it, or correct \
         ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET",
    )
}

/// Locks by record, a fixed number of them: two records that share one wait for each other, which
/// costs a little time, and nothing grows with the number of records.
struct RecordLocks {
    locks: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl RecordLocks {
    fn new() -> Self {
        RecordLocks {
            locks: (0..256).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }

    fn of(&self, id: &str) -> &Mutex<()> {
        let number = usize::try_from(self.hasher.hash_one(id)).unwrap_or(usize::MAX);
        &self.locks[number % self.locks.len()]
    }
}
