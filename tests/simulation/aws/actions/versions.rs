//! ListSecretVersionIds: all versions of a secret, as a reader sees them.

use serde_json::{Value, json};

use crate::aws::actions::{Call, State};
use crate::aws::request::Outcome;
use crate::clock;
use crate::support::aws_rules::Refusal;

impl State {
    pub fn list_versions(&self, call: &mut Call<'_>) -> Outcome {
        let body = &call.request.body;
        let id = body["SecretId"].as_str().unwrap_or_default();
        let secret = self
            .seen(id, &mut call.view)
            .ok_or_else(Refusal::not_found)?;
        let with_deprecated = body["IncludeDeprecated"].as_bool() == Some(true);
        let versions = secret.versions.iter();
        let shown = versions.filter(|version| with_deprecated || !version.stages.is_empty());
        let shown: Vec<Value> = shown
            .map(|version| {
                json!({
                    "VersionId": version.id,
                    "VersionStages": version.stages,
                    "CreatedDate": clock::epoch_seconds(version.created),
                })
            })
            .collect();
        Ok(json!({"ARN": secret.arn, "Name": secret.name, "Versions": shown}))
    }
}
