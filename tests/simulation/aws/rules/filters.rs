//! Which secrets the filters of a list let through.

use serde_json::Value;

use crate::aws::secret::Secret;

/// Whether a secret passes all filters, each by one of its values.
///
/// Values are prefixes, upper and lower case differ, and one that begins with an exclamation mark
/// lets through what does not match. Keys and values of tags are not paired: two filters may match
/// on different tags.
pub fn pass(secret: &Secret, filters: &Value) -> bool {
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

fn matches(secret: &Secret, key: &str, value: &str) -> bool {
    match key {
        "name" => secret.name.starts_with(value),
        "tag-key" => secret.tags.keys().any(|key| key.starts_with(value)),
        "tag-value" => secret.tags.values().any(|tag| tag.starts_with(value)),
        "description" => {
            let description = secret.description.as_deref();
            description.is_some_and(|description| description.starts_with(value))
        }
        "all" => ["name", "tag-key", "tag-value", "description"]
            .iter()
            .any(|key| matches(secret, key, value)),
        _ => false,
    }
}
