//! TagResource and UntagResource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::actions::{Call, State};
use crate::aws::request::Outcome;
use crate::support::aws_rules::limits::check_with;

impl State {
    pub fn tag(&mut self, call: &Call<'_>) -> Outcome {
        let mut secret = self.target(call)?;
        secret.check_not_marked()?;
        check_with(&call.request.body, Some(&secret))?;
        secret.tags.extend(of(&call.request.body["Tags"]));
        secret.changed = call.now;
        self.secrets.set(call.now, secret);
        Ok(json!({}))
    }

    pub fn untag(&mut self, call: &Call<'_>) -> Outcome {
        let mut secret = self.target(call)?;
        secret.check_not_marked()?;
        let keys = call.request.body["TagKeys"]
            .as_array()
            .into_iter()
            .flatten();
        for key in keys.filter_map(Value::as_str) {
            secret.tags.remove(key);
        }
        secret.changed = call.now;
        self.secrets.set(call.now, secret);
        Ok(json!({}))
    }
}

/// The tags in a request.
pub fn of(tags: &Value) -> BTreeMap<String, String> {
    let tags = tags.as_array().into_iter().flatten();
    let pairs = tags.filter_map(|tag| {
        let value = tag["Value"].as_str().unwrap_or_default();
        Some((tag["Key"].as_str()?.to_owned(), value.to_owned()))
    });
    pairs.collect()
}
