//! What a refresh knows while it goes on, and what it can return meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::clock::Moment;
use crate::oauth::access_token::AccessToken;
use crate::oauth::core::{Core, Demand, means};
use crate::oauth::lease::{Lease, Means, digest_of};
use crate::{Error, Field, OAuthToken, RecordVersion, matching};

pub(super) const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(1);

pub(super) struct Refresh {
    pub(super) core: Arc<Core>,
    pub(super) id: String,
    pub(super) demand: Demand,
    /// Whether any valid access token will do.
    pub(super) is_usual: bool,
    pub(super) deadline: Instant,
    /// The last lease that this refresh has put, if nothing was sent under it.
    pub(super) unsent: Option<Lease>,
    pub(super) has_spread: bool,
    pub(super) poll: Duration,
    /// The record as it was last found.
    pub(super) last: Option<OAuthToken>,
}

/// A lease that was put.
pub(super) struct Held {
    pub(super) version: RecordVersion,
    pub(super) lease: Lease,
    /// The grant tokens that may have been sent before.
    pub(super) sent_before: Vec<String>,
    /// When the put was started.
    pub(super) since: Moment,
    /// When Zoho first issued no token for the record, in seconds since the Unix epoch.
    pub(super) failing_since: Option<u64>,
}

impl Refresh {
    pub(super) fn means(&self, record: &OAuthToken) -> Means {
        match self.demand.grant {
            Some(_) => Means::GrantToken,
            None => means(record),
        }
    }

    /// A digest of the grant token that Zoho would be asked with.
    pub(super) fn grant_digest(&self, record: &OAuthToken) -> Option<String> {
        let source = match &self.demand.grant {
            Some(grant) => grant,
            None if means(record) == Means::GrantToken => record,
            None => return None,
        };
        source.expose(Field::GrantToken).map(digest_of)
    }

    /// Whether this refresh has put the lease, and has sent nothing under it.
    pub(super) fn is_unsent(&self, lease: &Lease) -> bool {
        let unsent = self.unsent.as_ref();
        unsent.is_some_and(|unsent| unsent.nonce == lease.nonce)
    }

    /// The grant tokens that may have been sent before this refresh sends one.
    pub(super) fn sent_before(&self, version: &RecordVersion) -> Vec<String> {
        match (Lease::of(version), &self.unsent) {
            // It may have been put to send a grant token, which did not happen.
            (Some(lease), Some(unsent)) if self.is_unsent(&lease) => unsent.sent.clone(),
            (Some(lease), _) => lease.sent,
            (None, _) => Vec::new(),
        }
    }

    /// The record, with the credentials to send to Zoho.
    pub(super) fn asked_with(&self, record: &OAuthToken) -> Result<OAuthToken, Error> {
        match &self.demand.grant {
            Some(grant) => matching::merged(record, grant),
            None => Ok(record.clone()),
        }
    }

    /// Returns the access token that is still valid, or else the error.
    pub(super) fn valid_or(&self, error: Error) -> Result<AccessToken, Error> {
        let unsaved = self.core.states.unsaved(&self.id);
        let unsaved = unsaved.filter(|_| self.is_usual);
        let unsaved = unsaved.map(|unsaved| unsaved.record);
        if let Some(record) = unsaved.filter(|record| self.core.is_valid(record))
            && let Some(access) = self.core.access(&record, false)
        {
            self.rest(self.core.timing.save_again);
            return Ok(access);
        }
        match self.valid() {
            Some(access) => {
                self.rest(self.core.timing.lease);
                Ok(access)
            }
            None => Err(error),
        }
    }

    /// Returns the present access token to callers for this time, without a look at the record.
    pub(super) fn rest(&self, time: Duration) {
        let time = Instant::now() + time;
        self.core.states.look_again(&self.id, Some(time));
    }

    pub(super) fn valid(&self) -> Option<AccessToken> {
        let record = self.last.as_ref().filter(|_| self.is_usual)?;
        let record = Some(record).filter(|record| self.core.is_valid(record))?;
        self.core.access(record, true)
    }

    pub(super) fn adopt(&self, record: &OAuthToken) -> Option<AccessToken> {
        self.core.states.adopted(record, Instant::now());
        self.core.access(record, true)
    }

    /// Waits with jitter, a little longer each time.
    pub(super) async fn pause(&mut self) {
        let pause = self.poll.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.poll = (self.poll * 3 / 2).min(LONGEST_POLL);
        sleep(pause).await;
    }
}
