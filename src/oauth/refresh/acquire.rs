//! Putting the lease under which Zoho is asked.

use secrecy::SecretString;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::state::{Held, Refresh};
use crate::oauth::access_token::AccessToken;
use crate::oauth::lease::{Lease, Means, Phase, Standing, View, base_of};
use crate::oauth::metrics::Event;
use crate::oauth::zoho::request;
use crate::{Error, OAuthToken, RecordVersion, Swap};

/// Processes that meet an unusable token at the same time spread over this time before they put a
/// lease: otherwise nearly all of their puts would be refused.
const SPREAD: Duration = Duration::from_millis(250);

impl Refresh {
    /// Puts a lease. Returns `None` if the record is to be read again.
    pub(super) async fn acquire(
        &mut self,
        version: &RecordVersion,
        view: &View,
        attempt: u32,
        takes_over: bool,
    ) -> Result<Option<Held>, Error> {
        if view.standing == Standing::Unusable && view.lease.is_none() && !self.has_spread {
            self.has_spread = true;
            sleep(SPREAD.mul_f64(fastrand::f64())).await;
            return Ok(None);
        }
        let record = version.token();
        // Validate the record before taking the lease.
        self.core.data_center_of(record, &self.demand)?;
        form(&self.asked_with(record)?, view.means)?;
        let lease = Lease {
            base: base_of(record),
            attempt,
            nonce: Uuid::new_v4().simple().to_string(),
            phase: Phase::Held,
            sent: self.sent_before(version),
        };
        let since = self.core.clock.now();
        self.unsent = Some(lease.clone());
        let text = lease.to_text();
        let swap = self.core.coordination().swap(version, record, Some(&text));
        match timeout_at(self.deadline, swap).await {
            Err(_) | Ok(Ok(Swap::Superseded)) => Ok(None),
            Ok(Ok(Swap::Refused)) => {
                self.core.record(&Event::LeaseLost);
                tracing::debug!(id = self.id, "another process has changed the record first");
                self.pause().await;
                Ok(None)
            }
            Ok(Err(error)) if error.is_retryable() => {
                tracing::debug!(id = self.id, %error, "the lease could not be put");
                self.pause().await;
                match Instant::now() < self.deadline {
                    true => Ok(None),
                    false => Err(error),
                }
            }
            Ok(Err(error)) => Err(error),
            Ok(Ok(Swap::Current(version))) => {
                let event = match takes_over {
                    true => Event::LeaseTakenOver,
                    false => Event::LeaseWon,
                };
                self.core.record(&event);
                tracing::debug!(
                    id = self.id,
                    attempt,
                    takes_over,
                    "this process refreshes the token"
                );
                let failing_since = match view.lease.as_ref().map(|lease| &lease.phase) {
                    Some(Phase::Failed(note)) => Some(note.since),
                    _ => None,
                };
                Ok(Some(Held {
                    version,
                    sent_before: lease.sent.clone(),
                    lease,
                    since,
                    failing_since,
                }))
            }
        }
    }

    /// Whether so much time has passed since the lease was put that another process may presume this one
    /// dead before Zoho responds.
    pub(super) fn is_too_late(&self, held: &Held) -> bool {
        held.since.elapsed(&self.core.clock) > self.core.timing.start
    }

    /// Puts the lease back as it was before the grant token was to be sent, which it was not.
    pub(super) async fn nothing_sent(
        &mut self,
        held: Held,
        before: Lease,
    ) -> Result<Option<AccessToken>, Error> {
        let (record, text) = (held.version.token(), before.to_text());
        let swap = self
            .core
            .coordination()
            .swap(&held.version, record, Some(&text));
        // The lease stays this one's own either way, and it knows that nothing was sent.
        self.unsent = Some(before);
        match timeout_at(self.deadline, swap).await {
            Ok(Err(error)) if !error.is_retryable() => Err(error),
            Ok(Err(_)) => {
                self.pause().await;
                Ok(None)
            }
            Ok(Ok(_)) | Err(_) => Ok(None),
        }
    }
}

pub(super) fn form(record: &OAuthToken, means: Means) -> Result<SecretString, Error> {
    match means {
        Means::RefreshToken => request::refresh(record),
        Means::GrantToken | Means::Nothing => request::grant(record),
    }
}
