//! What each action does, once it is executed.

mod deletion;
mod lists;
mod replicas;
mod stages;
mod tags;
mod values;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::freedoms::Freedoms;
use super::request::{Outcome, Request};
use super::secret::Secret;
use super::timeline::Secrets;
use super::view::View;
use crate::clock;
use crate::support::aws_rules::names::resolve;
use crate::support::aws_rules::quotas::{Left, Quotas};
use crate::support::aws_rules::{Refusal, limits, signature};

/// Secrets Manager's own state.
#[derive(Default)]
pub struct State {
    pub secrets: Secrets,
    left: Left,
}

/// A request that is executed.
pub struct Call<'a> {
    pub request: &'a Request,
    pub now: Duration,
    pub freedoms: &'a Freedoms,
    /// What reads show.
    pub view: View,
    pub random: Rng,
}

impl State {
    pub fn execute(&mut self, call: &mut Call<'_>) -> Outcome {
        let (request, now) = (call.request, call.now);
        self.secrets.settle(now);
        signature::check(request.signed_at, clock::epoch_seconds(now) as i64)?;
        if request.signed_at.is_some() {
            self.left.take(&Quotas::AWS, &request.action, now)?;
        }
        limits::check(&request.action, &request.body)?;
        match request.action.as_str() {
            "CreateSecret" => self.create(call),
            "GetSecretValue" => self.get_value(call),
            "BatchGetSecretValue" => self.batch_get(call),
            "PutSecretValue" => self.put_value(call),
            "DescribeSecret" => self.describe(call),
            "ListSecrets" => self.list(call),
            "ListSecretVersionIds" => self.list_versions(call),
            "TagResource" => self.tag(call),
            "UntagResource" => self.untag(call),
            "DeleteSecret" => self.delete(call),
            "RestoreSecret" => self.restore(call),
            "UpdateSecretVersionStage" => self.update_stage(call),
            "ReplicateSecretToRegions" => self.replicate(call),
            "RemoveRegionsFromReplication" => self.remove_replicas(call),
            action => {
                let message = format!("The simulation does not know the action {action}.");
                Err(Refusal::new("UnknownOperationException", message))
            }
        }
    }

    /// The secret that a write is about, as it is now. A complete ARN does not reach a secret that
    /// was made under the same name later.
    fn target(&self, call: &Call<'_>) -> Result<Secret, Refusal> {
        let id = call.request.body["SecretId"].as_str().unwrap_or_default();
        let (name, arn) = resolve(id);
        let secret = self.secrets.now(name);
        let secret = secret.filter(|secret| arn.is_none_or(|arn| secret.arn == arn));
        secret
            .map(|secret| Secret::clone(secret))
            .ok_or_else(Refusal::not_found)
    }

    /// The secret that a read is about, as the reader sees it.
    fn seen(&self, id: &str, view: &mut View) -> Option<Arc<Secret>> {
        let (name, arn) = resolve(id);
        let secret = self.secrets.at(name, view.of_name());
        let current = self.secrets.now(name);
        view.is_stale |= secret.map(Arc::as_ptr) != current.map(Arc::as_ptr);
        let secret = secret.filter(|secret| arn.is_none_or(|arn| secret.arn == arn));
        secret.cloned()
    }
}
