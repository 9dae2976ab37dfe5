//! Refreshing all tokens that expire soon, for a scheduled job.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;

use super::core::{Core, Demand, means};
use super::lease::Means;
use super::obtain::satisfy;
use crate::{Error, OAuthToken};

/// How many tokens are refreshed at the same time.
const AT_ONCE: usize = 8;

/// How much time passes at least between the starts of two refreshes: each makes two puts, of which AWS
/// allows 50 a second in an account.
const PACE: Duration = Duration::from_millis(100);

/// What [`TokenProvider::refresh_expiring`](crate::TokenProvider::refresh_expiring) has done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sweep {
    /// How many records there are.
    pub records: usize,
    /// How many of them had a token that expires soon, or none, and can be refreshed.
    pub expiring: usize,
    /// How many of these have a longer valid access token now.
    pub refreshed: usize,
    /// The ids of the others, and why they have none.
    pub failed: Vec<(String, Error)>,
    /// Why some records could not be read, if some could not.
    pub unreadable: Option<Error>,
}

/// Refreshes every token that expires within this time.
pub(crate) async fn refresh_expiring(core: &Arc<Core>, within: Duration) -> Result<Sweep, Error> {
    let mut sweep = Sweep::default();
    let records = match core.store.get_tokens().await {
        Ok(records) => records,
        Err(error) if !error.readable_tokens().is_empty() => {
            let records = error.readable_tokens().to_vec();
            sweep.unreadable = Some(error);
            records
        }
        Err(error) => return Err(error),
    };
    sweep.records = records.len();
    let expires = |record: &OAuthToken| {
        let is_soon = core.left(record).is_some_and(|left| left <= within);
        means(record) == Means::RefreshToken && (is_soon || record.access_token().is_none())
    };
    let expiring: Vec<_> = records.into_iter().filter(expires).collect();
    sweep.expiring = expiring.len();
    let refreshes = stream::iter(expiring)
        .enumerate()
        .then(async |(number, record)| {
            if number > 0 {
                tokio::time::sleep(PACE).await;
            }
            record
        });
    let refreshes = refreshes.map(async |record: OAuthToken| {
        let demand = Demand {
            window: Some(within),
            ..Demand::default()
        };
        let access = satisfy(core, &record, demand).await;
        (record, access)
    });
    let mut refreshes = std::pin::pin!(refreshes.buffer_unordered(AT_ONCE));
    while let Some((record, access)) = refreshes.next().await {
        match access {
            Ok(access) if core.left(access.record()).is_none_or(|left| left > within) => {
                sweep.refreshed += 1;
            }
            // Another process refreshes it at the moment.
            Ok(_) => {}
            Err(error) => {
                let id = record.id().unwrap_or_default().to_owned();
                sweep.failed.push((id, error));
            }
        }
    }
    let (expiring, refreshed) = (sweep.expiring, sweep.refreshed);
    tracing::info!(expiring, refreshed, "expiring tokens were refreshed");
    Ok(sweep)
}
