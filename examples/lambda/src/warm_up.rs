//! What is done before the first request, so that the first request need not wait for it.

use std::ffi::OsStr;
use std::time::Duration;

use tracing::{info, warn};
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};

/// The setting that names the users whose tokens are cached before the first request, with commas
/// between them. It is this function's own: the store refuses a `ZOHO_TOKEN_STORE_…` it does not
/// know.
pub const WARM_USERS: &str = "ZOHO_WARM_USERS";

/// The init phase may last 10 seconds; Lambda then ends the process and begins anew.
const LIMIT: Duration = Duration::from_secs(5);

/// Resolves credentials, connects to Secrets Manager, reads the fingerprint key, and caches the
/// tokens of the users given.
///
/// A failure is logged and no more: the first request will meet the same one, and can tell its
/// caller.
pub async fn warm_up(store: &SecretsManagerTokenStore, users: Option<&OsStr>) {
    match tokio::time::timeout(LIMIT, look_up(store, users)).await {
        Ok(Ok(())) => info!("warmed up"),
        Ok(Err(error)) => warn!(kind = %error.kind(), "not warmed up: {error}"),
        Err(_) => warn!("not warmed up within {LIMIT:?}"),
    }
}

/// One after the other: the first one opens the connection, and the others use it.
async fn look_up(store: &SecretsManagerTokenStore, users: Option<&OsStr>) -> Result<(), Error> {
    let users = users.unwrap_or_default().to_string_lossy();
    let users: Vec<_> = users
        .split(',')
        .map(str::trim)
        .filter(|user| !user.is_empty())
        .collect();
    if users.is_empty() {
        store.warm_up().await?;
    }
    for (number, user) in (1..).zip(users) {
        let asked = OAuthToken::builder().user_name(user).build()?;
        if store.find_token(&asked).await?.is_none() {
            // By its number: user names do not belong in the log.
            warn!("user {number} of {WARM_USERS} has no token");
        }
    }
    Ok(())
}
