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
        let secrets = self.secrets();
        let readable = secrets.iter().filter(|secret| secret.deletion.is_none());
        readable
            .filter_map(|secret| columns(secret.text()?))
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

/// The columns of a document that holds a token; none for a tombstone.
fn columns(text: &str) -> Option<BTreeMap<String, String>> {
    let document: BTreeMap<String, Value> = serde_json::from_str(text).ok()?;
    let texts = document
        .into_iter()
        .filter_map(|(column, value)| Some((column, value.as_str()?.to_owned())));
    let mut columns: BTreeMap<_, _> = texts.collect();
    columns.remove("schema_version");
    (!columns.contains_key("deleted")).then_some(columns)
}
