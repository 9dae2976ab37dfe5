//! UpdateSecretVersionStage: how an earlier version is made the current one again by hand.

use serde_json::json;

use crate::aws::actions::{Call, State};
use crate::aws::request::Outcome;
use crate::support::aws_rules::Refusal;

impl State {
    pub fn update_stage(&mut self, call: &Call<'_>) -> Outcome {
        let body = &call.request.body;
        let mut secret = self.target(call)?;
        secret.check_not_marked()?;
        let stage = body["VersionStage"].as_str().unwrap_or_default();
        let [from, to] = ["RemoveFromVersionId", "MoveToVersionId"].map(|id| body[id].as_str());
        let has_it = secret.staged(stage).map(|version| version.id.clone());
        if from != has_it.as_deref() {
            return Err(Refusal::invalid_parameter(format!(
                "The parameter RemoveFromVersionId must name the version that has {stage}."
            )));
        }
        match to {
            Some(to) if secret.version(to).is_none() => return Err(Refusal::not_found()),
            Some(to) => secret.move_stage(stage, to),
            None => secret.remove_stage(stage),
        }
        secret.changed = call.now;
        let updated = json!({"ARN": secret.arn, "Name": secret.name});
        self.secrets.set(call.now, secret);
        Ok(updated)
    }
}
