//! Finds the secret that a request is about.

use serde_json::Value;

use crate::support::aws_rules::names::resolve;

/// Returns the secret's name from a name or an ARN; empty for requests about no or many secrets.
pub fn secret(body: &Value) -> String {
    let id = body["SecretId"].as_str().or(body["Name"].as_str());
    let (name, _) = resolve(id.unwrap_or_default());
    name.to_owned()
}

/// Returns whether a request names a secret by the ARN of one that had the name before: the last six
/// characters of an ARN differ when a secret is created again.
pub fn is_of_former_secret(body: &Value, described: Option<&Value>) -> bool {
    let id = body["SecretId"].as_str().unwrap_or_default();
    id.starts_with("arn:") && described.is_none_or(|secret| secret["ARN"] != id)
}

/// Returns a request's subject: its secret, its first filter value, or the first secret of a batch.
pub fn subject(body: &Value) -> String {
    let listed = || body["Filters"][0]["Values"][0].as_str();
    match secret(body) {
        none if none.is_empty() => {
            let first = body["SecretIdList"][0].as_str().or_else(listed);
            first.unwrap_or_default().to_owned()
        }
        name => name,
    }
}
