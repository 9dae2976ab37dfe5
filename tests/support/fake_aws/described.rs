//! LocalStack's descriptions and list entries as secrets to which AWS's rules apply.

use serde_json::Value;

use crate::support::aws_rules::Described;

/// [`Value::Null`] stands for a secret that does not exist.
impl Described for Value {
    fn name(&self) -> &str {
        self["Name"].as_str().unwrap_or_default()
    }

    fn description(&self) -> Option<&str> {
        self["Description"].as_str()
    }

    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self["Tags"].as_array().into_iter().flatten();
        tags.filter_map(|tag| {
            let value = tag["Value"].as_str().unwrap_or_default();
            Some((tag["Key"].as_str()?, value))
        })
    }

    fn staging_labels(&self) -> impl Iterator<Item = &str> {
        let versions = self["VersionIdsToStages"].as_object().into_iter();
        let labels = versions.flat_map(|versions| versions.values().filter_map(Value::as_array));
        labels.flatten().filter_map(Value::as_str)
    }

    fn primary_region(&self) -> Option<&str> {
        self["PrimaryRegion"].as_str()
    }

    fn owning_service(&self) -> Option<&str> {
        self["OwningService"].as_str()
    }
}
