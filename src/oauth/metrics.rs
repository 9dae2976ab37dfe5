//! What a provider counts, for a program's metrics.

use std::fmt;
use std::time::Duration;

/// Receives what a [`TokenProvider`](crate::TokenProvider) does, to be counted.
///
/// It is called for every access token returned: it must not block.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use zoho_token_store::oauth::{Event, Metrics};
///
/// #[derive(Debug, Default)]
/// struct Refreshes(AtomicU64);
///
/// impl Metrics for Refreshes {
///     fn record(&self, event: &Event) {
///         if matches!(event, Event::Refreshed { .. }) {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Metrics: fmt::Debug + Send + Sync {
    /// Records that this has happened once.
    fn record(&self, event: &Event);
}

/// Something that a [`TokenProvider`](crate::TokenProvider) counts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// An access token was returned without a call.
    Hit,
    /// An access token was not good enough to be returned at once.
    Miss,
    /// A request for an access token was sent to Zoho.
    Requested,
    /// Zoho has issued an access token for a refresh token.
    Refreshed {
        /// How long before its expiry the former access token was replaced; zero after it.
        left: Duration,
        /// How long it took from the lease until the token was saved.
        took: Duration,
    },
    /// Zoho has issued tokens for a grant token.
    Granted,
    /// This process has put a lease.
    LeaseWon,
    /// Another process was faster.
    LeaseLost,
    /// This process has put a lease in place of another one, whose holder is presumed dead.
    LeaseTakenOver,
    /// Zoho issues no more access tokens for some minutes.
    Throttled,
    /// Zoho does not accept a token or a client any more.
    Dead,
    /// Zoho did not respond, or reported an internal error.
    ZohoUnavailable,
    /// An access token was returned that could not be saved.
    Unsaved,
    /// An access token was reported as refused.
    Refused,
}

impl Event {
    /// Returns the name of the counter, for example `zoho_token_provider.hits`.
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Hit => "zoho_token_provider.hits",
            Event::Miss => "zoho_token_provider.misses",
            Event::Requested => "zoho_token_provider.requests",
            Event::Refreshed { .. } => "zoho_token_provider.refreshes",
            Event::Granted => "zoho_token_provider.grants",
            Event::LeaseWon => "zoho_token_provider.leases_won",
            Event::LeaseLost => "zoho_token_provider.leases_lost",
            Event::LeaseTakenOver => "zoho_token_provider.leases_taken_over",
            Event::Throttled => "zoho_token_provider.throttles",
            Event::Dead => "zoho_token_provider.dead_tokens",
            Event::ZohoUnavailable => "zoho_token_provider.zoho_failures",
            Event::Unsaved => "zoho_token_provider.unsaved_tokens",
            Event::Refused => "zoho_token_provider.refused_tokens",
        }
    }
}
