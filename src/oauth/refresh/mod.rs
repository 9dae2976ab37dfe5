//! One refresh: looks at the record, puts a lease, asks Zoho, saves what it has issued, or waits for
//! another process that does.
//!
//! It runs in a task of its own, so that a caller that is dropped loses nothing. Imports run from here
//! to `acquire` and `ask`, to `saving`, to `state`.

mod acquire;
mod ask;
mod saving;
mod state;

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use self::ask::unsettled;
use self::state::{FIRST_POLL, Refresh};
use super::access_token::AccessToken;
use super::core::{Core, Demand, Refreshed, is_exchanged, means as means_of, nobody_logged_in};
use super::lease::{Decision, Lease, Means, Phase, Standing, View, decide, digest_of};
use crate::{Error, ErrorKind, Field, OAuthToken, RecordVersion};

pub(crate) use self::saving::{change, unsaved_error};

/// Obtains an access token of this record, as a caller has found it, that satisfies the demand.
pub(crate) async fn refresh(core: Arc<Core>, record: OAuthToken, demand: Demand) -> Refreshed {
    let (is_usual, data_center) = (demand.is_usual(), demand.data_center.clone());
    let outcome = run(core, record, demand).await;
    Refreshed {
        outcome,
        is_usual,
        data_center,
    }
}

async fn run(core: Arc<Core>, record: OAuthToken, demand: Demand) -> Result<AccessToken, Error> {
    let deadline = Instant::now() + core.timing.wait;
    let mut refresh = Refresh {
        core,
        id: record.id().unwrap_or_default().to_owned(),
        is_usual: demand.is_usual(),
        demand,
        deadline,
        unsent: None,
        has_spread: false,
        poll: FIRST_POLL,
        last: Some(record),
    };
    loop {
        match refresh.step().await {
            Ok(Some(access)) => return Ok(access),
            Ok(None) if Instant::now() < deadline => {}
            Ok(None) => return refresh.valid().map_or_else(|| Err(pending()), Ok),
            Err(error) => return Err(error),
        }
    }
}

impl Refresh {
    /// Reads the record, and does what is to be done about it. Returns `None` if the record is to be
    /// read again.
    async fn step(&mut self) -> Result<Option<AccessToken>, Error> {
        let read = self.core.coordination().read(&self.id);
        let version = match timeout_at(self.deadline, read).await {
            Err(_) => return Ok(None),
            Ok(Err(error)) => return self.valid_or(error).map(Some),
            Ok(Ok(None)) => {
                self.core.states.forget(&self.id);
                return Err(nobody_logged_in("the token is no longer stored"));
            }
            Ok(Ok(Some(version))) => version,
        };
        if let Some(unsaved) = self.core.states.unsaved(&self.id) {
            return self.save_now(version, &unsaved).await;
        }
        let record = version.token();
        self.last = Some(record.clone());
        if self.has_only_lost_its_access_token(record) {
            self.demand.grant = None;
            self.is_usual = true;
        }
        let view = self.view(&version);
        match decide(&view, &self.core.timing) {
            Decision::Return => Ok(self.adopt(record)),
            Decision::ReturnMeanwhile(pause) => {
                // Not all processes at the same time.
                let pause = pause.mul_f64(1.0 + fastrand::f64() / 2.0);
                self.rest(pause);
                Ok(self.core.access(record, true))
            }
            Decision::Acquire {
                attempt,
                takes_over,
            } => {
                match self.acquire(&version, &view, attempt, takes_over).await {
                    Ok(Some(held)) => self.ask(held, view.means).await,
                    Ok(None) => Ok(None),
                    // For example because this role may not write.
                    Err(error) => self.valid_or(error).map(Some),
                }
            }
            Decision::Wait => {
                self.pause().await;
                Ok(None)
            }
            Decision::Fail(refusal) => self.fail(record, |server| refusal.error(server)),
            Decision::FailElsewhere(refusal) => {
                self.fail(record, |server| refusal.error_elsewhere(server))
            }
            Decision::Unsettled => Err(unsettled()),
            Decision::LogIn => {
                let error = nobody_logged_in(
                    "the record has neither a refresh token nor a usable access token",
                );
                self.valid_or(error).map(Some)
            }
        }
    }

    /// Whether the grant token was exchanged before, and the access token is all that the record lacks: a
    /// refresh brings it.
    fn has_only_lost_its_access_token(&self, record: &OAuthToken) -> bool {
        let grant = self.demand.grant.as_ref().filter(|_| !self.demand.insists);
        record.access_token().is_none() && grant.is_some_and(|grant| is_exchanged(record, grant))
    }

    /// Ends the refresh with an error about the record's accounts server, unless the former access token
    /// is still valid.
    fn fail(
        &self,
        record: &OAuthToken,
        error: impl FnOnce(&str) -> Error,
    ) -> Result<Option<AccessToken>, Error> {
        let error = match self.core.data_center_of(record, &self.demand) {
            Ok(server) => error(server.accounts_url()),
            Err(error) => error,
        };
        self.valid_or(error).map(Some)
    }

    fn view(&self, version: &RecordVersion) -> View {
        let record = version.token();
        let now = self.core.clock.now();
        let lease = Lease::of(version);
        let means = self.means(record);
        let may_be_sent = self.grant_digest(record).is_some_and(|grant| {
            lease.as_ref().is_some_and(|lease| {
                // Leases of earlier versions do not name the grant token.
                let is_any = lease.phase == Phase::Sending && lease.sent.is_empty();
                is_any || lease.sent.contains(&grant)
            })
        });
        // What is noted of a refresh token, or of another grant token, does not concern this one.
        let is_another = self.demand.grant.as_ref().is_some_and(|grant| {
            means_of(record) == Means::RefreshToken
                || record.expose(Field::GrantToken) != grant.expose(Field::GrantToken)
        });
        let is_failed = |lease: &Lease| matches!(lease.phase, Phase::Failed(_));
        let lease = lease.filter(|lease| may_be_sent || !is_another || !is_failed(lease));
        let text = lease.as_ref().and(version.lease());
        let age = version
            .written_at()
            .and_then(|at| now.wall.duration_since(at).ok());
        let is_own = lease
            .as_ref()
            .is_some_and(|lease| !is_failed(lease) && self.is_unsent(lease));
        let standing = match self.core.standing(record, &self.demand) {
            // A caller that asked for a different access token waits.
            Standing::Usable if !self.is_usual => Standing::Unusable,
            standing => standing,
        };
        let server = self.core.data_center_of(record, &self.demand);
        View {
            standing,
            means,
            is_own,
            seen_for: self.core.states.seen_for(&self.id, text, now.monotonic),
            age: age.unwrap_or_default(),
            insists: self.demand.insists,
            may_be_sent,
            server: server.ok().map(|server| digest_of(server.accounts_url())),
            lease,
        }
    }
}

fn pending() -> Error {
    let problem = "another process is still refreshing the token";
    Error::new(ErrorKind::RefreshPending, problem).advise("try again in a few seconds")
}
