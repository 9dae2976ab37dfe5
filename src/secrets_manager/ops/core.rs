//! What the operations share: the connection to AWS, the cache, the locks, and the settings.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::OnceCell;

use super::query::Query;
use super::record_locks::RecordLocks;
use super::single_flight::SingleFlight;
use crate::secrets_manager::FingerprintKey;
use crate::secrets_manager::aws::calls::{SecretsManager, Value};
use crate::secrets_manager::cache::Cache;
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::format::fingerprint::Fingerprints;
use crate::secrets_manager::format::secret_name::SecretNames;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Error, ErrorKind};

/// The result of a lookup.
pub(crate) type Found = Result<Option<Arc<StoredRecord>>, Error>;

/// What all clones of a store share.
pub(crate) struct Core {
    pub(crate) aws: SecretsManager,
    pub(crate) names: SecretNames,
    pub(crate) tag_index: bool,
    pub(crate) cache: Cache,
    pub(crate) fingerprint_key: FingerprintKey,
    pub(crate) fingerprints: OnceCell<Fingerprints>,
    pub(crate) reads: SingleFlight<(Arc<str>, Generation), Result<Slot, Error>>,
    pub(crate) lookups: SingleFlight<(Query, Generation), Found>,
    pub(crate) locks: RecordLocks,
    pub(crate) batch_denied: AtomicBool,
}

impl Core {
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
        self.fingerprints.get_or_try_init(make).await
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
