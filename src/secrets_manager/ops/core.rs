//! What the operations share: the connection to AWS, the cache, the locks, and the settings.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::Mutex;
use tokio::time::timeout;
use uuid::Uuid;

use super::query::Query;
use super::record_locks::RecordLocks;
use super::single_flight::SingleFlight;
use super::succession::Refusals;
use crate::secrets_manager::aws::calls::{SecretsManager, Value};
use crate::secrets_manager::cache::Cache;
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::cache::known_states::State;
use crate::secrets_manager::format::fingerprint::FingerprintKey;
use crate::secrets_manager::format::fingerprint::Fingerprints;
use crate::secrets_manager::format::secret_name::SecretNames;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, ErrorKind};

/// How long a task waits for another one that reads the fingerprint key.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The result of a lookup.
pub(crate) type Found = Result<Option<Arc<StoredRecord>>, Error>;

/// What all clones of a store share.
pub(crate) struct Core {
    pub(crate) aws: SecretsManager,
    pub(crate) names: SecretNames,
    pub(crate) tag_index: bool,
    pub(crate) cache: Cache,
    pub(crate) fingerprint_key: FingerprintKey,
    pub(crate) fingerprints: OnceLock<Fingerprints>,
    pub(crate) key_lock: Mutex<()>,
    pub(crate) reads: SingleFlight<(Arc<str>, Generation), Result<Slot, Error>>,
    pub(crate) lookups: SingleFlight<(Query, Generation), Found>,
    pub(crate) locks: RecordLocks,
    pub(crate) refusals: Refusals,
    pub(crate) batch_denied: AtomicBool,
}

impl Core {
    /// A random number that no other process draws.
    pub(crate) fn random(&self) -> u64 {
        Uuid::new_v4().as_u64_pair().1
    }

    /// Remembers that AWS has acknowledged this version.
    pub(crate) fn version_is_written(&self, id: &str, arn: &str, version: &str) {
        let state = State::Version {
            arn: arn.into(),
            version: version.into(),
            created: None,
        };
        self.cache.state_written(id, &state);
    }

    /// The fingerprints. If their key is in a secret, it is read the first time.
    pub(crate) async fn fingerprints(&self) -> Result<&Fingerprints, Error> {
        let make = async || match &self.fingerprint_key {
            FingerprintKey::Public => Fingerprints::new(&[]),
            FingerprintKey::Given(key) => Fingerprints::new(std::slice::from_ref(key)),
            FingerprintKey::InSecret(name) => {
                let keys = self.fetch_keys(name).await?;
                Fingerprints::new(&keys).map_err(|error| error.about_secret(name))
            }
        };
        if let Some(fingerprints) = self.fingerprints.get() {
            return Ok(fingerprints);
        }
        // One task reads the key for all. If it does not finish (it may not be polled), the others
        // read it too.
        let _reading = timeout(LONGEST_WAIT, self.key_lock.lock()).await;
        if let Some(fingerprints) = self.fingerprints.get() {
            return Ok(fingerprints);
        }
        let fingerprints = make().await?;
        Ok(self.fingerprints.get_or_init(|| fingerprints))
    }

    /// The current and the previous version of the key in this secret. Records are found under
    /// both, so that the key can be rotated while the store is in use.
    async fn fetch_keys(&self, name: &str) -> Result<Vec<SecretSlice<u8>>, Error> {
        let mut keys = Vec::new();
        for stage in ["AWSCURRENT", "AWSPREVIOUS"] {
            let value = self.aws.get_stage(name, stage).await;
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
    let problem = "the secret holds no fingerprint key";
    Error::new(ErrorKind::InvalidConfig, problem).advise(
        "correct ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET; if the secret was deleted, restore it: \
         with a new random key, existing tokens are not found. Only if no token has been saved \
         yet, put a random string of at least 16 bytes into it",
    )
}
