//! DeleteSecret and RestoreSecret.

use std::time::Duration;

use serde_json::json;

use crate::aws::actions::{Call, State};
use crate::aws::chance;
use crate::aws::request::Outcome;
use crate::aws::secret::Deletion;
use crate::clock;
use crate::support::aws_rules::Refusal;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl State {
    pub fn delete(&mut self, call: &mut Call<'_>) -> Outcome {
        let body = &call.request.body;
        let by_force = body["ForceDeleteWithoutRecovery"].as_bool() == Some(true);
        let days = body["RecoveryWindowInDays"].as_u64();
        if by_force && days.is_some() {
            let message = "You can't use ForceDeleteWithoutRecovery in conjunction with \
                           RecoveryWindowInDays.";
            return Err(Refusal::invalid_parameter(message));
        }
        let days = days.unwrap_or(30);
        if !(7..=30).contains(&days) {
            let message = "The RecoveryWindowInDays value must be between 7 and 30 days.";
            return Err(Refusal::invalid_parameter(message));
        }
        let mut secret = match self.target(call) {
            Ok(secret) => secret,
            // AWS's documentation of DeleteSecret says so.
            Err(_) if by_force => {
                let id = body["SecretId"].as_str().unwrap_or_default();
                let date = clock::epoch_seconds(call.now);
                return Ok(json!({"ARN": id, "Name": id, "DeletionDate": date}));
            }
            Err(refusal) => return Err(refusal),
        };
        if !secret.replicas.is_empty() {
            return Err(Refusal::invalid_request(format!(
                "You can't delete secret {} that still has replica regions {:?}.",
                secret.name, secret.replicas
            )));
        }
        if !by_force {
            secret.check_not_marked()?;
        }
        let takes = match by_force {
            true => chance::duration(&mut call.random, &call.freedoms.forced_deletion),
            false => DAY * u32::try_from(days).unwrap_or(30),
        };
        secret.deletion = Some(Deletion {
            gone_at: call.now + takes,
            by_force,
        });
        secret.changed = call.now;
        let deleted = json!({
            "ARN": secret.arn, "Name": secret.name,
            "DeletionDate": clock::epoch_seconds(call.now + takes),
        });
        self.secrets.set(call.now, secret);
        self.secrets.settle(call.now);
        Ok(deleted)
    }

    pub fn restore(&mut self, call: &Call<'_>) -> Outcome {
        let mut secret = self.target(call)?;
        // A deletion by force cannot be called off.
        if secret.deletion.is_some_and(|deletion| deletion.by_force) {
            return Err(Refusal::marked());
        }
        secret.deletion = None;
        secret.changed = call.now;
        let restored = json!({"ARN": secret.arn, "Name": secret.name});
        self.secrets.set(call.now, secret);
        Ok(restored)
    }
}
