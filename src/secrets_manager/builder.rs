//! The builder of the store: its settings, and the checks that need no call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use secrecy::SecretSlice;
use tokio::sync::OnceCell;

use crate::secrets_manager::aws::calls::{Api, Deletion};
use crate::secrets_manager::aws::client;
use crate::secrets_manager::aws::rate_limit::RateLimits;
use crate::secrets_manager::cache::Cache;
use crate::secrets_manager::cache::bounded::Bound;
use crate::secrets_manager::clock::Clock;
use crate::secrets_manager::format::fingerprint::{Fingerprints, MANAGED_BY, OWN_TAGS};
use crate::secrets_manager::format::secret_name::SecretNames;
use crate::secrets_manager::ops::single_flight::SingleFlight;
use crate::secrets_manager::{Core, FingerprintKey, RecordLocks, SecretsManagerTokenStore, env};
use crate::{Error, ErrorKind};

/// A secret has at most so many tags (AWS's quotas for Secrets Manager).
const TAG_LIMIT: usize = 50;

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
pub struct SecretsManagerTokenStoreBuilder {
    prefix: String,
    kms_key_id: Option<String>,
    cache_capacity: u64,
    cache_bytes: Option<u64>,
    cache_time_to_live: Duration,
    stale_for: Duration,
    tag_index: bool,
    tags: Vec<(String, String)>,
    replica_regions: Vec<String>,
    recovery_window_days: u8,
    fingerprint_key: FingerprintKey,
    attempt_timeout: Option<Duration>,
    operation_timeout: Option<Duration>,
    writes_per_second: u32,
    source: ClientSource,
}

/// Where the AWS client comes from.
enum ClientSource {
    Environment,
    Config(Box<SdkConfig>),
    Client(Client),
}

impl Default for SecretsManagerTokenStoreBuilder {
    fn default() -> Self {
        SecretsManagerTokenStoreBuilder {
            prefix: "zoho/tokens/".into(),
            kms_key_id: None,
            cache_capacity: 1_000,
            cache_bytes: None,
            cache_time_to_live: Duration::from_secs(300),
            stale_for: Duration::ZERO,
            tag_index: true,
            tags: Vec::new(),
            replica_regions: Vec::new(),
            recovery_window_days: 7,
            fingerprint_key: FingerprintKey::Public,
            attempt_timeout: None,
            operation_timeout: None,
            writes_per_second: 50,
            source: ClientSource::Environment,
        }
    }
}

impl SecretsManagerTokenStoreBuilder {
    /// A builder with the settings of the environment variables `ZOHO_TOKEN_STORE_…`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for a variable of that beginning that is no setting, and for a
    /// value that is malformed.
    pub fn from_env() -> Result<Self, Error> {
        env::apply(Self::default(), std::env::vars_os())
    }

    /// What the names of the secrets begin with; default `zoho/tokens/`. It must end in `/`.
    ///
    /// Everything below the prefix that has this store's tag is taken for this store's.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The KMS key that new secrets are encrypted with: an id, ARN or alias. Default: the key
    /// `aws/secretsmanager`.
    pub fn kms_key_id(mut self, key: impl Into<String>) -> Self {
        self.kms_key_id = Some(key.into());
        self
    }

    /// How many records are cached at most; default 1,000. Zero switches the cache off.
    pub fn cache_capacity(mut self, records: u64) -> Self {
        self.cache_capacity = records;
        self
    }

    /// How many bytes of memory the cache takes at most, instead of a number of records.
    ///
    /// A record counts with its values, its places in the cache's tables, and the keys that may
    /// lead to it: about 2 kB. One that is larger than the bound is not cached.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = Some(bytes);
        self
    }

    /// How long a record is answered from the cache at most; default 300 seconds, up to a day.
    ///
    /// So long may a change that another process made go unnoticed. A record is never cached for
    /// longer than its access token lives.
    pub fn cache_time_to_live(mut self, time: Duration) -> Self {
        self.cache_time_to_live = time;
        self
    }

    /// For how long after its time to live a cached record is still answered when AWS cannot be
    /// reached; default zero, up to a day. Each such answer is logged as a warning.
    pub fn serve_stale_for(mut self, time: Duration) -> Self {
        self.stale_for = time;
        self
    }

    /// Whether lookup keys are indexed in tags; default on.
    ///
    /// Without the index a record is found by its id and by the user or token it was first saved
    /// with, and nothing else; lookups then need no permission on `Resource: "*"`.
    pub fn tag_index(mut self, on: bool) -> Self {
        self.tag_index = on;
        self
    }

    /// Adds a tag to every secret that is written. Tags are not confidential.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Adds a region that new secrets are replicated to. A replica costs as much as a secret.
    pub fn replica_region(mut self, region: impl Into<String>) -> Self {
        self.replica_regions.push(region.into());
        self
    }

    /// For how many days a deleted secret can be restored: 7 to 30, default 7; zero deletes by
    /// force.
    pub fn recovery_window_days(mut self, days: u8) -> Self {
        self.recovery_window_days = days;
        self
    }

    /// The key of the fingerprints in tags and ids: at least 16 random bytes, the same in every
    /// process.
    ///
    /// Without one, whoever may list secrets can check a guess: whether a certain user has a token
    /// here.
    pub fn fingerprint_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.fingerprint_key = FingerprintKey::Given(SecretSlice::from(key.into()));
        self
    }

    /// The name or ARN of a secret that holds the key of the fingerprints. It is read once, when
    /// first needed.
    pub fn fingerprint_key_secret(mut self, name: impl Into<String>) -> Self {
        self.fingerprint_key = FingerprintKey::InSecret(name.into());
        self
    }

    /// How long one attempt of a call to AWS may take; default 5 seconds, or what the given client
    /// says.
    pub fn attempt_timeout(mut self, time: Duration) -> Self {
        self.attempt_timeout = Some(time);
        self
    }

    /// How long a call to AWS may take with all its attempts; default 20 seconds, or what the given
    /// client says.
    pub fn operation_timeout(mut self, time: Duration) -> Self {
        self.operation_timeout = Some(time);
        self
    }

    /// How many calls a second this store makes at most of each kind that writes: CreateSecret,
    /// PutSecretValue, DeleteSecret, RestoreSecret, TagResource. Default 50; zero is no limit.
    ///
    /// More than 50 of a kind in an account and region are throttled by AWS ([quotas]). Calls above
    /// the limit wait. Where many processes write much at once, give each a part.
    ///
    /// [quotas]: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
    pub fn writes_per_second(mut self, calls: u32) -> Self {
        self.writes_per_second = calls;
        self
    }

    /// Uses this AWS configuration instead of loading one from the environment.
    pub fn sdk_config(mut self, config: &SdkConfig) -> Self {
        self.source = ClientSource::Config(Box::new(config.clone()));
        self
    }

    /// Uses this client's configuration instead of loading one from the environment.
    pub fn client(mut self, client: Client) -> Self {
        self.source = ClientSource::Client(client);
        self
    }

    /// Checks the settings and makes the store. No call is made to Secrets Manager.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for a setting that is out of its range, and when there is no
    /// AWS region.
    pub async fn build(self) -> Result<SecretsManagerTokenStore, Error> {
        let names = SecretNames::new(&self.prefix)?;
        self.check()?;
        if let FingerprintKey::Given(key) = &self.fingerprint_key {
            Fingerprints::new(std::slice::from_ref(key))?;
        }
        let config = match self.source {
            ClientSource::Client(client) => client.config().to_builder(),
            ClientSource::Config(config) => client::config(&config),
            ClientSource::Environment => client::config(&client::load().await),
        };
        let api = Api {
            client: client::finish(config, self.attempt_timeout, self.operation_timeout)?,
            kms_key_id: self.kms_key_id,
            extra_tags: self.tags,
            replica_regions: self.replica_regions,
            deletion: match self.recovery_window_days {
                0 => Deletion::Force,
                days => Deletion::RecoveryWindow { days },
            },
            rate_limits: RateLimits::new(self.writes_per_second),
        };
        let cache_bound = match self.cache_bytes {
            _ if self.cache_capacity == 0 => None,
            Some(bytes) => Some(Bound::Bytes(bytes)),
            None => Some(Bound::Records(self.cache_capacity)),
        };
        Ok(SecretsManagerTokenStore {
            core: Arc::new(Core {
                api,
                names,
                tag_index: self.tag_index,
                cache: Cache::new(
                    cache_bound,
                    self.cache_time_to_live,
                    self.stale_for,
                    Clock::default(),
                ),
                fingerprint_key: self.fingerprint_key,
                fingerprints: OnceCell::new(),
                reads: SingleFlight::new(),
                lookups: SingleFlight::new(),
                locks: RecordLocks::new(),
                batch_denied: false.into(),
            }),
        })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let day = Duration::from_secs(86_400);
        let moment = Duration::from_millis(1);
        let allowed = [
            (
                "the cache's time to live is not from 1 second to 1 day",
                "to switch the cache off, set its capacity to 0",
                (Duration::from_secs(1)..=day).contains(&self.cache_time_to_live),
            ),
            (
                "records are not served stale for more than 1 day",
                "set 86400 seconds or less",
                self.stale_for <= day,
            ),
            (
                "the recovery window is neither 0 nor from 7 to 30 days",
                "set 0 to delete by force, or 7 to 30",
                matches!(self.recovery_window_days, 0 | 7..=30),
            ),
            (
                "a timeout is not from 1 millisecond to 1 day",
                "set the attempt timeout and the operation timeout to a few seconds",
                [self.attempt_timeout, self.operation_timeout]
                    .into_iter()
                    .flatten()
                    .all(|time| (moment..=day).contains(&time)),
            ),
            (
                "the KMS key's id is empty",
                "leave it out for the key aws/secretsmanager",
                self.kms_key_id.as_deref() != Some(""),
            ),
            (
                "a tag cannot be set",
                "use at most 37 tags, each key once, of up to 127 characters with values of up to \
                 255; letters, digits, spaces and \
                 + - = . _ : / @; not aws:… or the store's own managed-by and zoho-token-store:…",
                self.tags_are_valid(),
            ),
        ];
        match allowed.into_iter().find(|(_, _, allowed)| !allowed) {
            Some((problem, advice, _)) => {
                Err(Error::new(ErrorKind::InvalidConfig, problem).advise(advice))
            }
            None => Ok(()),
        }
    }

    fn tags_are_valid(&self) -> bool {
        let charset = |text: &str| {
            text.chars()
                .all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
        };
        let own = |key: &str| {
            key == MANAGED_BY.0
                || key.starts_with("zoho-token-store:")
                || key.to_lowercase().starts_with("aws:")
        };
        let valid = |(key, value): &(String, String)| {
            (1..=127).contains(&key.chars().count())
                && value.chars().count() <= 255
                && charset(key)
                && charset(value)
                && !own(key)
        };
        let distinct: std::collections::HashSet<_> = self.tags.iter().map(|(key, _)| key).collect();
        self.tags.len() <= TAG_LIMIT - OWN_TAGS
            && distinct.len() == self.tags.len()
            && self.tags.iter().all(valid)
    }
}

impl fmt::Debug for SecretsManagerTokenStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerTokenStoreBuilder")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
