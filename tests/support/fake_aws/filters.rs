//! Evaluates the filters of lists.

use serde_json::Value;

/// Returns whether a secret passes all filters; it passes a filter if it matches one of its values.
///
/// Values are prefixes and case-sensitive; one that begins with an exclamation mark matches secrets
/// that do not match the rest. Tag keys and values are not paired: two filters can match different
/// tags.
pub fn pass(secret: &Value, filters: &Value) -> bool {
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

fn matches(secret: &Value, key: &str, value: &str) -> bool {
    let begins = |text: &Value| text.as_str().is_some_and(|text| text.starts_with(value));
    let of_tags = |part: &str| {
        let mut tags = secret["Tags"].as_array().into_iter().flatten();
        tags.any(|tag| begins(&tag[part]))
    };
    match key {
        "name" => begins(&secret["Name"]),
        "tag-key" => of_tags("Key"),
        "tag-value" => of_tags("Value"),
        "description" => begins(&secret["Description"]),
        "primary-region" => begins(&secret["PrimaryRegion"]),
        "owning-service" => begins(&secret["OwningService"]),
        "all" => ["name", "tag-key", "tag-value", "description"]
            .iter()
            .any(|key| matches(secret, key, value)),
        _ => false,
    }
}
