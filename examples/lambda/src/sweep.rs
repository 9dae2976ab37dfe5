//! The sweep: a schedule has all tokens refreshed that expire soon, so that no request waits for it.

use std::time::Duration;

use serde_json::{Value, json};
use tracing::warn;
use zoho_token_store::TokenProvider;

use crate::handler::Failure;

/// Answers a request such as `{"refresh_expiring_seconds": 900}` with what was done.
pub async fn answer(provider: &TokenProvider, seconds: u64) -> Result<Value, Failure> {
    let sweep = provider
        .refresh_expiring(Duration::from_secs(seconds))
        .await?;
    if let Some(error) = &sweep.unreadable {
        warn!(kind = %error.kind(), "some records could not be read: {error}");
    }
    let failed = sweep.failed.iter().map(|(id, error)| {
        warn!(id, kind = %error.kind(), "not refreshed: {error}");
        json!({"id": id, "kind": error.kind().as_str()})
    });
    Ok(json!({
        "records": sweep.records,
        "expiring": sweep.expiring,
        "refreshed": sweep.refreshed,
        "failed": failed.collect::<Vec<_>>(),
    }))
}
