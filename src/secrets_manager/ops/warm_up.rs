//! Doing in advance what the first lookup would otherwise wait for.

use super::core::Core;
use super::read::read_now;
use crate::Error;
use crate::secrets_manager::format::fingerprint::FingerprintKey;

/// An id that no record has.
const NO_RECORD: &str = "warm-up";

/// Resolves credentials and connects. One call does both; if the fingerprint key is in a secret,
/// reading it is that call.
pub(crate) async fn warm_up(core: &Core) -> Result<(), Error> {
    match core.fingerprint_key {
        FingerprintKey::InSecret(_) => core.fingerprints().await.map(drop),
        FingerprintKey::Public | FingerprintKey::Given(_) => {
            read_now(core, NO_RECORD).await.map(drop)
        }
    }
}
