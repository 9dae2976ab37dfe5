//! A refresh of all tokens that expire soon: what it has done so far, and its end if Ctrl-C is pressed.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use zoho_token_store::oauth::{Event, Metrics, Sweep};
use zoho_token_store::{Error, SecretsManagerTokenStore, TokenProvider};

use super::builder;
use super::unsaved::{PAUSES, settle};
use crate::args::ZohoArgs;
use crate::failure::Failure;
use crate::interrupt::pressed;
use crate::output::note;
use crate::output::progress::Progress;
use crate::text::counted;

/// How long refreshes that were begun are waited for.
const LONGEST: Duration = Duration::from_secs(45);

/// How many tokens a provider has refreshed.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<watch::Sender<u64>>);

impl Metrics for Counter {
    fn record(&self, event: &Event) {
        if let Event::Refreshed { .. } = event {
            self.0.send_modify(|refreshed| *refreshed += 1);
        }
    }
}

/// What a sweep has done, and what it could not save.
pub struct Swept {
    pub sweep: Sweep,
    pub unsaved: Vec<Error>,
}

/// Refreshes all tokens that expire within this time. At Ctrl-C no more are begun.
pub async fn sweep(
    store: SecretsManagerTokenStore,
    args: &ZohoArgs,
    within: Duration,
) -> Result<Swept, Failure> {
    let counter = Counter::default();
    let provider = builder(store, args)?.metrics(counter.clone()).build()?;
    let progress = Progress::new("tokens refreshed", None);
    let mut refreshed = counter.0.subscribe();
    let mut sweep = Box::pin(refresh(&provider, within));
    let mut interrupted = std::pin::pin!(pressed());
    loop {
        tokio::select! {
            biased;
            () = &mut interrupted => break,
            swept = &mut sweep => return swept,
            Ok(()) = refreshed.changed() => progress.set(*refreshed.borrow()),
        }
    }
    // Refreshes that were begun go on without it, in tasks of their own.
    drop(sweep);
    drop(progress);
    let mut finish = std::pin::pin!(provider.finish());
    let mut unsaved = finish.as_mut().now_or_never();
    if unsaved.is_none() {
        note("zoho-tokens: finishing the refreshes that were begun; press Ctrl-C again to stop");
        tokio::select! {
            finished = tokio::time::timeout(LONGEST, finish) => unsaved = finished.ok(),
            () = pressed() => {}
        }
    }
    for error in unsaved.iter().flatten() {
        note(&format!(
            "zoho-tokens: {}: {}",
            id(error),
            crate::advice::text(error)
        ));
    }
    let refreshed = *counter.0.borrow();
    Err(Failure::Interrupted(format!(
        "interrupted after {}: the same command refreshes the others",
        counted(refreshed as usize, "token")
    )))
}

async fn refresh(provider: &TokenProvider, within: Duration) -> Result<Swept, Failure> {
    let sweep = provider.refresh_expiring(within).await?;
    let unsaved = settle(provider, &PAUSES).await;
    Ok(Swept { sweep, unsaved })
}

/// The id of the record that an error about an unsaved token has.
pub fn id(error: &Error) -> &str {
    let token = error.unsaved_token();
    token.and_then(|token| token.id()).unwrap_or_default()
}
