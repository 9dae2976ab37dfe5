//! Secrets Manager as AWS runs it: refuses what AWS refuses, and executes the rest with LocalStack.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;

use crate::support::aws_rules::names::is_write;
use crate::support::aws_rules::quotas::Left;
use crate::support::aws_rules::{Refusal, batch_get as batch_get_rules, limits};
use crate::support::http::{Request, Response};
use crate::support::server::{Handler, Outcome};

use super::chance::Chance;
use super::clock::TestTime;
use super::counts::Counts;
use super::deletions::{self, Deletions};
use super::faults::{Fault, Ordered};
use super::lists::Lists;
use super::rules::Rules;
use super::versions::Versions;
use super::{batch_get, identity, names};

pub struct Service {
    pub rules: Mutex<Rules>,
    pub clock: TestTime,
    pub counts: Counts,
    pub ordered: Ordered,
    pub chance: Chance,
    left: Mutex<Left>,
    pub lists: Lists,
    pub deletions: Deletions,
    pub versions: Versions,
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A request, with the rules and the time at its arrival.
pub struct Call {
    pub request: Request,
    pub rules: Rules,
    pub now: Duration,
}

impl Handler for Arc<Service> {
    fn handle(&self, request: Request) -> BoxFuture<'static, io::Result<Outcome>> {
        let rules = self.rules();
        let now = self.clock.advance(rules.tick);
        self.counts.count_received(&request.action);
        let chance = self.chance.draw(rules.seed, "fault", &request);
        let fault = self.ordered.take(&request);
        let fault = fault.or_else(|| rules.faults.draw(chance));
        let call = Call {
            request,
            rules,
            now,
        };
        self.clone().serve(call, fault).boxed()
    }
}

impl Service {
    pub fn new(rules: Rules) -> Self {
        Service {
            rules: Mutex::new(rules),
            clock: TestTime::default(),
            counts: Counts::default(),
            ordered: Ordered::default(),
            chance: Chance::default(),
            left: Mutex::default(),
            lists: Lists::default(),
            deletions: Deletions::default(),
            versions: Versions::default(),
            turns: Mutex::default(),
        }
    }

    pub fn rules(&self) -> Rules {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.clone()
    }

    /// Serves a request with its fault.
    async fn serve(self: Arc<Self>, call: Call, fault: Option<Fault>) -> io::Result<Outcome> {
        if let Some(fault) = fault {
            self.counts.count_fault(fault);
        }
        let refuse = |refusal: Refusal| Ok(Outcome::Respond(refusal.into()));
        match fault {
            Some(Fault::InternalError) => return refuse(Refusal::internal_error()),
            Some(Fault::PartialBatch) if call.request.action != "BatchGetSecretValue" => {
                return refuse(Refusal::internal_error());
            }
            Some(Fault::Unavailable) => return refuse(Refusal::unavailable()),
            Some(Fault::ExpiredCredentials) => return refuse(Refusal::expired_credentials()),
            Some(Fault::ResetBefore) => return Ok(Outcome::Reset),
            Some(Fault::Hang) => return Ok(Outcome::Silence),
            _ => {}
        }
        let mut response = match self.admit(&call) {
            Err(refusal) => refusal.into(),
            Ok(()) => self.execute(&call).await?,
        };
        self.counts
            .count_response(&call.request.action, &response.code());
        if call.rules.clock_ahead != 0 && response.is_ok() {
            let mut body = response.body();
            identity::shift_dates(&mut body, call.rules.clock_ahead);
            response = Response::new(200, &body);
        }
        Ok(match fault {
            Some(Fault::InternalErrorAfter) => Outcome::Respond(Refusal::internal_error().into()),
            Some(Fault::ResetAfter) => Outcome::Reset,
            Some(Fault::CutOff) => Outcome::CutOff(response),
            Some(Fault::HangAfter) => Outcome::Silence,
            Some(Fault::PartialBatch) => Outcome::Respond(batch_get::break_first(response)),
            Some(Fault::Slow) => {
                tokio::time::sleep(call.rules.faults.slow).await;
                Outcome::Respond(response)
            }
            _ => Outcome::Respond(response),
        })
    }

    /// Refuses requests independently of the state of the secrets.
    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        let Call {
            request,
            rules,
            now,
        } = call;
        if rules.credentials_expired {
            return Err(Refusal::expired_credentials());
        }
        identity::check_date(request, rules.clock_ahead)?;
        if let Some(quotas) = &rules.quotas {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.take(quotas, &request.action, *now)?;
        }
        if rules.limits {
            limits::check(&request.action, &request.body)?;
            if request.action == "BatchGetSecretValue" {
                batch_get_rules::check(&request.body)?;
            }
        }
        Ok(())
    }

    async fn execute(&self, call: &Call) -> io::Result<Response> {
        let Call { request, now, .. } = call;
        match request.action.as_str() {
            "ListSecrets" => self.list(call).await,
            "BatchGetSecretValue" => self.batch_get(call).await,
            action if is_write(action) => self.write(call).await,
            _ => {
                self.settle(request, &names::secret(&request.body), *now)
                    .await?;
                request.forward().await
            }
        }
    }

    /// Completes a forced deletion that is due before the secret is read.
    pub async fn settle(&self, request: &Request, name: &str, now: Duration) -> io::Result<()> {
        if self.deletions.is_under_way(name) {
            let _turn = self.turn(name).await;
            self.remove_if_due(request, name, now).await?;
        }
        Ok(())
    }

    pub async fn remove_if_due(
        &self,
        request: &Request,
        name: &str,
        now: Duration,
    ) -> io::Result<()> {
        if self.deletions.due(name, now) {
            deletions::removal(request, name).forward().await?;
        }
        Ok(())
    }

    /// Returns LocalStack's description of a secret, or `None` if it does not exist.
    pub async fn describe(&self, request: &Request, name: &str) -> io::Result<Option<Value>> {
        let described = request.instead("DescribeSecret", json!({"SecretId": name}));
        let response = described.forward().await?;
        Ok(response.is_ok().then(|| response.body()))
    }

    /// Waits for exclusive access to the secret.
    pub async fn turn(&self, name: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(name.to_owned()).or_default().clone()
        };
        turn.lock_owned().await
    }
}
