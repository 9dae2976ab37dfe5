//! Evaluates the filters of lists.

use serde_json::Value;

use super::Described;

/// Returns whether a secret passes all filters; it passes a filter if it matches one of its values.
///
/// Values are prefixes and case-sensitive; one that begins with an exclamation mark matches secrets
/// that do not match the rest. Tag keys and values are not paired: two filters can match different
/// tags.
pub fn pass(secret: &impl Described, filters: &Value) -> bool {
    let mut filters = filters.as_array().into_iter().flatten();
    filters.all(|filter| {
        let key = filter["Key"].as_str().unwrap_or_default();
        let mut values = filter["Values"].as_array().into_iter().flatten();
        values.any(|value| {
            let value = value.as_str().unwrap_or_default();
            match value.strip_prefix('!') {
                Some(value) => !matches(secret, key, value),
                None => matches(secret, key, value),
            }
        })
    })
}

fn matches(secret: &impl Described, key: &str, value: &str) -> bool {
    let begins = |text: Option<&str>| text.is_some_and(|text| text.starts_with(value));
    match key {
        "name" => begins(Some(secret.name())),
        "tag-key" => secret.tags().any(|(key, _)| begins(Some(key))),
        "tag-value" => secret.tags().any(|(_, value)| begins(Some(value))),
        "description" => begins(secret.description()),
        "primary-region" => begins(secret.primary_region()),
        "owning-service" => begins(secret.owning_service()),
        "all" => ["name", "tag-key", "tag-value", "description"]
            .iter()
            .any(|key| matches(secret, key, value)),
        _ => false,
    }
}
