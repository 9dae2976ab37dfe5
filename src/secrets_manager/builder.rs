//! The builder of the store.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use secrecy::SecretSlice;
use tokio::sync::Mutex;

use super::aws::calls::SecretsManager;
use super::aws::client;
use super::aws::rate_limit::RateLimits;
use super::aws::validate;
use super::cache::Cache;
use super::cache::bounded::Bound;
use super::format::fingerprint::{FingerprintKey, Fingerprints};
use super::format::secret_name::SecretNames;
use super::ops::core::Core;
use super::ops::record_locks::RecordLocks;
use super::ops::single_flight::SingleFlight;
use super::ops::succession::Refusals;
use super::settings::Settings;
use super::{Deletion, SecretsManagerTokenStore, env};
use crate::Error;

/// Builds a [`SecretsManagerTokenStore`].
///
/// ```no_run
/// use std::time::Duration;
/// use zoho_token_store::{Error, SecretsManagerTokenStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let store = SecretsManagerTokenStore::builder()
///     .prefix("crm/production/tokens/")
///     .cache_time_to_live(Duration::from_secs(60))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Default)]
pub struct SecretsManagerTokenStoreBuilder {
    settings: Settings,
    source: ClientSource,
}

/// Where the AWS client comes from.
#[derive(Default)]
enum ClientSource {
    #[default]
    Environment,
    Config(Box<SdkConfig>),
    Client(Client),
}

impl SecretsManagerTokenStoreBuilder {
    /// Returns a builder with the settings of the environment variables
    /// [`ZOHO_TOKEN_STORE_…`](crate#settings).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if a variable with that prefix is
    /// not a setting, or if a value is malformed.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(std::env::vars_os())
    }

    /// Returns a builder with the settings of these variables, in place of those of the environment.
    ///
    /// For programs that keep their settings elsewhere, and for bindings to other languages. As in the
    /// environment, variables without the prefix `ZOHO_TOKEN_STORE_` are left out.
    ///
    /// ```
    /// use zoho_token_store::SecretsManagerTokenStoreBuilder;
    ///
    /// let settings = [("ZOHO_TOKEN_STORE_PREFIX", "crm/tokens/")];
    /// let builder = SecretsManagerTokenStoreBuilder::from_variables(settings)?;
    /// # Ok::<(), zoho_token_store::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env).
    pub fn from_variables<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        env::apply(
            Self::default(),
            variables.map(|(name, value)| (name.into(), value.into())),
        )
    }

    /// Sets the prefix of the secrets' names, which must end in `/`. The default is `zoho/tokens/`.
    ///
    /// Every secret under the prefix that has this store's tag is treated as this store's.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// Sets the KMS key for new secrets: an id, ARN or alias. The default is the key
    /// `aws/secretsmanager`.
    pub fn kms_key_id(mut self, key: impl Into<String>) -> Self {
        self.settings.kms_key_id = Some(key.into());
        self
    }

    /// Sets how many records are cached at most. `None` switches the cache off. The default is
    /// 1,000.
    ///
    /// The cache has one bound: this replaces [`cache_bytes`](Self::cache_bytes).
    pub fn cache_capacity(mut self, records: impl Into<Option<u64>>) -> Self {
        self.settings.cache_bound = records.into().map(Bound::Records);
        self
    }

    /// Bounds the cache by its size in memory instead of the number of records.
    ///
    /// A record counts with its values, its entries in the cache's tables, and the lookup keys that
    /// may lead to it: about 2,500 bytes. A record that is larger than the bound is not cached.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.settings.cache_bound = Some(Bound::Bytes(bytes));
        self
    }

    /// Sets how long a cached record is used, from 1 second to 1 day. The default is 300 seconds.
    ///
    /// A change made by another process can go unnoticed for this long. A record is never cached
    /// longer than its access token is valid.
    pub fn cache_time_to_live(mut self, time: Duration) -> Self {
        self.settings.cache_time_to_live = time;
        self
    }

    /// Keeps using a cached record for this long after its time to live, up to 1 day, if AWS cannot
    /// be reached. Each use is logged as a warning. The default is not to.
    pub fn serve_stale_for(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.settings.stale_for = time.into();
        self
    }

    /// Sets whether lookup keys are indexed by tags. The default is `true`.
    ///
    /// Without the index, a record is only found by its id and by the user or token it was first
    /// saved with; lookups then need no permission on `Resource: "*"`.
    pub fn tag_index(mut self, on: bool) -> Self {
        self.settings.tag_index = on;
        self
    }

    /// Adds a tag to every secret that is written. Tags are not confidential.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.tags.push((key.into(), value.into()));
        self
    }

    /// Adds a region to which new secrets are replicated. A replica costs as much as a secret.
    pub fn replica_region(mut self, region: impl Into<String>) -> Self {
        self.settings.replica_regions.push(region.into());
        self
    }

    /// Sets what happens to the secret of a deleted record. The default is a recovery window of 7
    /// days.
    pub fn deletion(mut self, deletion: Deletion) -> Self {
        self.settings.deletion = deletion;
        self
    }

    /// Sets the key of the fingerprints in tags and ids: at least 16 random bytes, the same in
    /// every process.
    ///
    /// Without one, everybody who may list secrets can check a guess at whether a certain user has
    /// a token here.
    pub fn fingerprint_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.settings.fingerprint_key = FingerprintKey::Given(SecretSlice::from(key.into()));
        self
    }

    /// Sets the name or ARN of a secret that holds the key of the fingerprints. The secret is read
    /// once, when the key is first needed.
    pub fn fingerprint_key_secret(mut self, name: impl Into<String>) -> Self {
        self.settings.fingerprint_key = FingerprintKey::InSecret(name.into());
        self
    }

    /// Sets how long one attempt of a call to AWS may take. The default is the given client's, or 5
    /// seconds.
    pub fn attempt_timeout(mut self, time: Duration) -> Self {
        self.settings.attempt_timeout = Some(time);
        self
    }

    /// Sets how long a call to AWS may take with all its attempts. The default is the given
    /// client's, or 20 seconds.
    pub fn operation_timeout(mut self, time: Duration) -> Self {
        self.settings.operation_timeout = Some(time);
        self
    }

    /// Sets how many calls a second this store makes at most of each kind that writes: CreateSecret,
    /// PutSecretValue, DeleteSecret, RestoreSecret and TagResource. `None` is no limit. The default
    /// is 50.
    ///
    /// AWS throttles more than 50 of a kind in an account and region ([quotas]). Calls above the
    /// limit wait. A call that would wait for more than 30 seconds fails with
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled): make no more than some hundred saves at
    /// the same time. If many processes write a lot at the same time, give each of them a share.
    ///
    /// [quotas]: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
    pub fn writes_per_second(mut self, calls: impl Into<Option<u32>>) -> Self {
        self.settings.writes_per_second = calls.into();
        self
    }

    /// Uses this AWS configuration instead of loading one from the environment.
    pub fn sdk_config(mut self, config: &SdkConfig) -> Self {
        self.source = ClientSource::Config(Box::new(config.clone()));
        self
    }

    /// Uses the configuration of this client instead of loading one from the environment.
    ///
    /// The store makes a client of its own with everything that this one is configured with: region,
    /// endpoint, credentials, HTTP client, retries, interceptors and timeouts. It adds timeouts
    /// where there are none, and a retry classifier that does not repeat what a quota refuses.
    pub fn client(mut self, client: Client) -> Self {
        self.source = ClientSource::Client(client);
        self
    }

    /// Checks the settings and returns the store. It makes no call to Secrets Manager.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if a setting is out of range, if
    /// there is no AWS region, if the region or the endpoint is malformed, if `AWS_PROFILE` names no
    /// profile, or if a replica region is the store's own region.
    pub async fn build(self) -> Result<SecretsManagerTokenStore, Error> {
        self.check()?;
        let settings = self.settings;
        let names = SecretNames::new(&settings.prefix)?;
        if let FingerprintKey::Given(key) = &settings.fingerprint_key {
            Fingerprints::new(std::slice::from_ref(key))?;
        }
        let config = match self.source {
            ClientSource::Client(client) => client.config().to_builder(),
            ClientSource::Config(config) => client::config(&config)?,
            ClientSource::Environment => client::config(&client::load().await?)?,
        };
        let client = client::finish(config, settings.attempt_timeout, settings.operation_timeout)?;
        validate::replicas(&settings.replica_regions, client.config().region())?;
        let aws = SecretsManager {
            client,
            kms_key_id: settings.kms_key_id,
            extra_tags: settings.tags,
            replica_regions: settings.replica_regions,
            deletion: settings.deletion,
            rate_limits: RateLimits::new(settings.writes_per_second),
        };
        let stale_for = settings.stale_for.unwrap_or_default();
        let clock = client::clock(&aws.client);
        Ok(SecretsManagerTokenStore {
            core: Arc::new(Core {
                aws,
                names,
                tag_index: settings.tag_index,
                cache: Cache::new(
                    settings.cache_bound,
                    settings.cache_time_to_live,
                    stale_for,
                    clock,
                ),
                fingerprint_key: settings.fingerprint_key,
                fingerprints: OnceLock::new(),
                key_lock: Mutex::new(()),
                reads: SingleFlight::new(),
                lookups: SingleFlight::new(),
                locks: RecordLocks::new(),
                refusals: Refusals::default(),
                batch_denied: false.into(),
            }),
        })
    }

    /// Checks each setting by itself.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.settings.check()
    }
}

impl fmt::Debug for SecretsManagerTokenStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerTokenStoreBuilder")
            .field("prefix", &self.settings.prefix)
            .finish_non_exhaustive()
    }
}
