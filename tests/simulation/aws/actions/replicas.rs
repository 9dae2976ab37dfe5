//! ReplicateSecretToRegions and RemoveRegionsFromReplication.

use serde_json::{Value, json};

use crate::aws::actions::{Call, State};
use crate::aws::request::Outcome;

impl State {
    pub fn replicate(&mut self, call: &Call<'_>) -> Outcome {
        let mut secret = self.target(call)?;
        secret.check_not_marked()?;
        let regions = call.request.body["AddReplicaRegions"].as_array();
        for region in regions.into_iter().flatten() {
            let region = region["Region"].as_str().unwrap_or_default().to_owned();
            if !secret.replicas.contains(&region) {
                secret.replicas.push(region);
            }
        }
        let status = json!({"ARN": secret.arn, "ReplicationStatus": secret.replication_status()});
        self.secrets.set(call.now, secret);
        Ok(status)
    }

    pub fn remove_replicas(&mut self, call: &Call<'_>) -> Outcome {
        let mut secret = self.target(call)?;
        secret.check_not_marked()?;
        let regions = call.request.body["RemoveReplicaRegions"].as_array();
        let regions: Vec<_> = regions
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        secret
            .replicas
            .retain(|region| !regions.contains(&region.as_str()));
        let status = json!({"ARN": secret.arn, "ReplicationStatus": secret.replication_status()});
        self.secrets.set(call.now, secret);
        Ok(status)
    }
}
