//! What the first lookup would otherwise wait for, done before it.

use crate::Error;
use crate::secrets_manager::{Core, FingerprintKey};

/// An id that no record has.
const NOBODY: &str = "warm-up";

impl Core {
    /// One call is enough for credentials and connection; where the fingerprint key is in a secret,
    /// that one is needed anyhow.
    pub(crate) async fn warm_up(&self) -> Result<(), Error> {
        match self.fingerprint_key {
            FingerprintKey::InSecret(_) => self.fingerprints().await.map(drop),
            FingerprintKey::Public | FingerprintKey::Given(_) => {
                self.read_now(NOBODY).await.map(drop)
            }
        }
    }
}
