//! What an operator sees and does at AWS directly: nothing is late, stale or lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::request::{Outcome, Request};
use super::secret::{CURRENT, Secret};
use super::service::Service;

/// The operator's name in a trace.
const NAME: &str = "operator";

/// An operator of the AWS account.
#[derive(Clone)]
pub struct Operator {
    pub service: Arc<Service>,
}

impl Operator {
    /// Executes a request.
    pub fn call(&self, action: &str, body: Value) -> Outcome {
        let request = Request {
            action: action.to_owned(),
            body,
            is_confidential: false,
            signed_at: None,
        };
        self.service
            .execute(NAME, &request, fastrand::Rng::with_seed(0))
    }

    /// All secrets as they are now, those that are marked for deletion too.
    pub fn secrets(&self) -> Vec<Arc<Secret>> {
        let now = self.service.clock.now();
        let mut inner = self.service.inner();
        inner.state.secrets.settle(now);
        inner.state.secrets.all().cloned().collect()
    }

    /// The columns of all records that are readable now, without `schema_version`.
    pub fn records(&self) -> Vec<BTreeMap<String, String>> {
        self.secrets()
            .iter()
            .filter_map(|secret| secret.record())
            .collect()
    }

    /// Makes an earlier version of a secret the current one.
    pub fn roll_back(&self, secret: &Secret, to: &str) -> Outcome {
        let current = self.secrets().into_iter().find(|now| now.arn == secret.arn);
        let from = current.and_then(|secret| Some(secret.staged(CURRENT)?.id.clone()));
        self.call(
            "UpdateSecretVersionStage",
            json!({
                "SecretId": secret.arn, "VersionStage": CURRENT,
                "RemoveFromVersionId": from, "MoveToVersionId": to,
            }),
        )
    }
}
