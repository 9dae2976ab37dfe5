//! What a refresh knows while it goes on, and what it can return meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::clock::Moment;
use crate::oauth::access_token::AccessToken;
use crate::oauth::core::{Core, Demand, means};
use crate::oauth::lease::{Lease, Means};
use crate::{Error, OAuthToken, RecordVersion, matching};

pub(super) const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(1);

pub(super) struct Refresh {
    pub(super) core: Arc<Core>,
    pub(super) id: String,
    pub(super) demand: Demand,
    /// Whether any valid access token will do.
    pub(super) is_usual: bool,
    pub(super) deadline: Instant,
    /// The nonce of the last lease that this refresh has put, if nothing was sent under it.
    pub(super) unsent: Option<String>,
    pub(super) has_spread: bool,
    pub(super) poll: Duration,
    /// The record as it was last found.
    pub(super) last: Option<OAuthToken>,
}

/// A lease that was put.
pub(super) struct Held {
    pub(super) version: RecordVersion,
    pub(super) lease: Lease,
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

    /// The record with what Zoho is asked with.
    pub(super) fn asked_with(&self, record: &OAuthToken) -> Result<OAuthToken, Error> {
        match &self.demand.grant {
            Some(grant) => matching::merged(record, grant),
            None => Ok(record.clone()),
        }
    }

    /// Returns the access token that is still valid, or else the error.
    pub(super) fn valid_or(&self, error: Error) -> Result<AccessToken, Error> {
        let unsaved = self.core.states.unsaved(&self.id);
        let unsaved = unsaved.map(|unsaved| unsaved.record);
        if let Some(record) = unsaved.filter(|record| self.core.is_valid(record))
            && let Some(access) = self.core.access(&record, false)
        {
            return Ok(access);
        }
        match self.valid() {
            Some(access) => {
                let time = Instant::now() + self.core.timing.lease;
                self.core.states.look_again(&self.id, Some(time));
                Ok(access)
            }
            None => Err(error),
        }
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
