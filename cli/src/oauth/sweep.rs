//! A refresh of all tokens that expire soon: what it has done so far, and its end if Ctrl-C is pressed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use zoho_token_store::oauth::{Event, Metrics, Sweep};
use zoho_token_store::{SecretsManagerTokenStore, TokenProvider};

use super::builder;
use crate::args::ZohoArgs;
use crate::failure::Failure;
use crate::interrupt::pressed;
use crate::output::note;
use crate::output::progress::Progress;
use crate::text::counted;

/// How long refreshes that were begun are waited for.
const LONGEST: Duration = Duration::from_secs(30);

/// What a provider has reported.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    refreshed: u64,
    begun: usize,
    ended: usize,
}

impl Counts {
    fn under_way(self) -> usize {
        self.begun.saturating_sub(self.ended)
    }
}

#[derive(Clone, Debug, Default)]
struct Counter(Arc<watch::Sender<Counts>>);

impl Metrics for Counter {
    fn record(&self, event: &Event) {
        self.0.send_modify(|counts| match event {
            Event::LeaseWon | Event::LeaseTakenOver => counts.begun += 1,
            Event::Refreshed { .. } => {
                counts.refreshed += 1;
                counts.ended += 1;
            }
            Event::Throttled | Event::Dead | Event::ZohoUnavailable => counts.ended += 1,
            _ => {}
        });
    }
}

/// Refreshes all tokens that expire within this time. At Ctrl-C no more are begun.
pub async fn sweep(
    store: SecretsManagerTokenStore,
    args: &ZohoArgs,
    within: Duration,
) -> Result<Sweep, Failure> {
    let counter = Counter::default();
    let provider = builder(store, args)?.metrics(counter.clone()).build()?;
    let progress = Progress::new("tokens refreshed", None);
    let mut counts = counter.0.subscribe();
    let mut sweep = Box::pin(refresh(provider, within));
    let mut interrupted = std::pin::pin!(pressed());
    loop {
        tokio::select! {
            biased;
            () = &mut interrupted => break,
            swept = &mut sweep => return swept,
            Ok(()) = counts.changed() => progress.set(counts.borrow().refreshed),
        }
    }
    // Those that were begun go on without it, in tasks of their own.
    drop(sweep);
    drop(progress);
    let under_way = counts.borrow().under_way();
    if under_way > 0 {
        note(&format!(
            "zoho-tokens: {} {} being refreshed, which is finished; press Ctrl-C again to stop",
            counted(under_way, "token"),
            if under_way == 1 { "is" } else { "are" },
        ));
        let idle = counts.wait_for(|counts| counts.under_way() == 0);
        tokio::select! {
            _ = tokio::time::timeout(LONGEST, idle) => {}
            () = pressed() => {}
        }
    }
    let refreshed = counter.0.borrow().refreshed;
    Err(Failure::Interrupted(format!(
        "interrupted after {}: the same command refreshes the others",
        counted(refreshed as usize, "token")
    )))
}

async fn refresh(provider: TokenProvider, within: Duration) -> Result<Sweep, Failure> {
    Ok(provider.refresh_expiring(within).await?)
}
