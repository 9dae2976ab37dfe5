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
use super::core::{Core, Demand, means, nobody_logged_in};
use super::lease::{Decision, Lease, Means, Phase, Standing, View, base_of, decide};
use crate::{Error, ErrorKind, Field, OAuthToken, RecordVersion};

pub(crate) use self::saving::{change, unsaved_error};

/// Returns an access token of this record, as a caller has found it, that satisfies the demand.
pub(crate) async fn refresh(
    core: Arc<Core>,
    record: OAuthToken,
    demand: Demand,
) -> Result<AccessToken, Error> {
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
        let view = self.view(&version);
        match decide(&view, &self.core.timing) {
            Decision::Return => Ok(self.adopt(record)),
            Decision::ReturnMeanwhile(pause) => {
                // Not all processes at the same time.
                let pause = pause.mul_f64(1.0 + fastrand::f64() / 2.0);
                let time = Instant::now() + pause;
                self.core.states.look_again(&self.id, Some(time));
                Ok(self.core.access(record, true))
            }
            Decision::Acquire {
                attempt,
                takes_over,
            } => {
                let held = self.acquire(&version, &view, attempt, takes_over).await?;
                match held {
                    Some(held) => self.ask(held, view.means).await,
                    None => Ok(None),
                }
            }
            Decision::Wait => {
                self.pause().await;
                Ok(None)
            }
            Decision::Fail(refusal) => {
                let server = self.core.data_center_of(record, &self.demand)?;
                self.valid_or(refusal.error(server.accounts_url()))
                    .map(Some)
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

    fn view(&self, version: &RecordVersion) -> View {
        let record = version.token();
        let now = self.core.clock.now();
        let lease = version.lease().and_then(Lease::parse);
        let lease = lease.filter(|lease| lease.base == base_of(record));
        // What is noted of a refresh token, or of another grant token, does not concern this one.
        let is_another = self.demand.grant.as_ref().is_some_and(|grant| {
            means(record) == Means::RefreshToken
                || record.expose(Field::GrantToken) != grant.expose(Field::GrantToken)
        });
        let is_failed = |lease: &Lease| matches!(lease.phase, Phase::Failed { .. });
        let lease = lease.filter(|lease| !(is_another && is_failed(lease)));
        let text = lease.as_ref().and(version.lease());
        let age = version
            .written_at()
            .and_then(|at| now.wall.duration_since(at).ok());
        let is_own = lease.as_ref().is_some_and(|lease| {
            !matches!(lease.phase, Phase::Failed { .. })
                && self.unsent.as_ref() == Some(&lease.nonce)
        });
        let standing = match self.core.standing(record, &self.demand) {
            // Who wants another access token waits for it.
            Standing::Usable if !self.is_usual => Standing::Unusable,
            standing => standing,
        };
        View {
            standing,
            means: self.means(record),
            is_own,
            seen_for: self.core.states.seen_for(&self.id, text, now.monotonic),
            age: age.unwrap_or_default(),
            insists: self.demand.insists || is_another,
            lease,
        }
    }
}

fn pending() -> Error {
    let problem = "another process refreshes the token and has not finished";
    Error::new(ErrorKind::RefreshPending, problem).advise("try again in some seconds")
}
