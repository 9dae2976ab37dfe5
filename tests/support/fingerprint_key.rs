//! Secrets with a fingerprint key, outside the stores' prefixes, as the Terraform module has them:
//! the stores' roles may read their previous version too.

use uuid::Uuid;

use super::iam::FINGERPRINT_KEY_PREFIX;
use super::secrets::Secrets;

/// It is removed when this is dropped.
pub struct FingerprintKey {
    pub name: String,
    secrets: Secrets,
}

impl FingerprintKey {
    /// Creates a secret with this key.
    pub async fn new(key: &str) -> Self {
        let test = FingerprintKey::missing();
        test.secrets.create("", Some(key), &[]).await;
        test
    }

    /// Returns the name of a secret that does not exist.
    pub fn missing() -> Self {
        let name = format!("{FINGERPRINT_KEY_PREFIX}{}", Uuid::new_v4());
        FingerprintKey {
            secrets: Secrets::below(&name).remove_on_drop(),
            name,
        }
    }

    /// Puts another key into the secret.
    pub async fn rotate(&self, key: &str) {
        self.secrets.put("", key).await;
    }
}
