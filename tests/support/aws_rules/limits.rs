//! Limits on names, tags, filters, values and versions.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use super::names::is_ending_of_arn;
use super::{Described, Refusal};

const TAGS: usize = 50;
const LABELS: usize = 20;
const FILTERS: usize = 10;
const VALUE_BYTES: u64 = 65_536;

/// The most versions of a secret. Only those count that are younger than [`KEPT`].
pub const VERSIONS: usize = 100;

/// How long AWS keeps a version, at least.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the limits that depend on the request alone.
pub fn check(action: &str, body: &Value) -> Result<(), Refusal> {
    if let Some(name) = body["Name"].as_str().filter(|_| action == "CreateSecret") {
        check_name(name)?;
    }
    if let Some(token) = body["ClientRequestToken"].as_str()
        && !(32..=64).contains(&token.len())
    {
        let message = "ClientRequestToken must be 32-64 characters long.";
        return Err(Refusal::invalid_parameter(message));
    }
    let bytes = |member: &str| body[member].as_str().map_or(0, |value| value.len() as u64);
    at_most("secretString", bytes("SecretString"), VALUE_BYTES)?;
    at_most("secretBinary", bytes("SecretBinary") / 4 * 3, VALUE_BYTES)?;
    at_most("description", bytes("Description"), 2_048)?;
    for tag in array(&body["Tags"]) {
        check_tag(tag)?;
    }
    let keys = array(&body["Tags"]).iter().map(|tag| tag["Key"].as_str());
    let mut seen = HashSet::new();
    if let Some(twice) = keys.flatten().find(|key| !seen.insert(*key)) {
        return Err(Refusal::invalid_parameter(format!(
            "Duplicate tag key: {twice}"
        )));
    }
    check_filters(array(&body["Filters"]))
}

/// Checks the limits that depend on the secret too: the number of its tags and staging labels.
pub fn check_with(body: &Value, secret: Option<&impl Described>) -> Result<(), Refusal> {
    let had = secret.into_iter().flat_map(Described::tags);
    let given = array(&body["Tags"])
        .iter()
        .filter_map(|tag| tag["Key"].as_str());
    let tags: HashSet<_> = had.map(|(key, _)| key).chain(given).collect();
    if tags.len() > TAGS && !array(&body["Tags"]).is_empty() {
        let message = format!("The number of tags exceeds the limit of {TAGS}.");
        return Err(Refusal::invalid_parameter(message));
    }
    let had = secret.into_iter().flat_map(Described::staging_labels);
    let given = array(&body["VersionStages"])
        .iter()
        .chain(body.get("VersionStage"));
    let given = given.filter_map(Value::as_str);
    let labels: HashSet<_> = had.chain(given).collect();
    if labels.len() > LABELS {
        let message = format!("The number of staging labels exceeds the limit of {LABELS}.");
        return Err(Refusal::limit_exceeded(message));
    }
    Ok(())
}

/// Refuses a new version if the secret has `versions` that are younger than [`KEPT`].
pub fn check_versions(versions: usize, most: usize) -> Result<(), Refusal> {
    match versions < most {
        true => Ok(()),
        false => Err(Refusal::limit_exceeded(
            "The request failed because it would exceed one of the Secrets Manager quotas: \
             versions of a secret.",
        )),
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    at_most("name", name.len() as u64, 512)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Refusal::validation(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
             following: -/_+=.@!",
        ));
    }
    // AWS accepts such a name but can confuse it with a partial ARN. It is refused here so that the
    // store does not rely on it.
    let ending = name.len().checked_sub(7).and_then(|at| name.get(at..));
    if ending.is_some_and(is_ending_of_arn) {
        return Err(Refusal::invalid_parameter(
            "The name ends in a hyphen and six characters, like an ARN.",
        ));
    }
    Ok(())
}

fn check_tag(tag: &Value) -> Result<(), Refusal> {
    let [key, value] = ["Key", "Value"].map(|part| tag[part].as_str().unwrap_or_default());
    if key.is_empty() || key.starts_with("aws:") {
        return Err(Refusal::invalid_parameter(
            "The tag key is empty or begins with aws:.",
        ));
    }
    at_most("tags.1.member.key", key.chars().count() as u64, 127)?;
    at_most("tags.1.member.value", value.chars().count() as u64, 255)?;
    let allowed = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
    match (key.chars().all(allowed), value.chars().all(allowed)) {
        (true, true) => Ok(()),
        _ => Err(Refusal::invalid_parameter(
            "The tag key or value has characters that are not allowed.",
        )),
    }
}

fn check_filters(filters: &[Value]) -> Result<(), Refusal> {
    at_most("filters", filters.len() as u64, FILTERS as u64)?;
    for filter in filters {
        let values = array(&filter["Values"]);
        at_most(
            "filters.1.member.values",
            values.len() as u64,
            FILTERS as u64,
        )?;
        for value in values.iter().filter_map(Value::as_str) {
            let member = "filters.1.member.values.1.member";
            at_most(member, value.chars().count() as u64, 512)?;
            let rest = value.strip_prefix('!').unwrap_or(value);
            let allowed = |c: char| c.is_ascii_alphanumeric() || " :_@/+=.-!".contains(c);
            if !rest.chars().all(allowed) {
                return Err(Refusal::validation(format!(
                    "1 validation error detected: Value at '{member}' failed to satisfy \
                     constraint: Member must satisfy regular expression pattern: \
                     ^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$"
                )));
            }
        }
    }
    Ok(())
}

/// Refuses more than AWS's model of the API allows.
pub fn at_most(member: &str, length: u64, most: u64) -> Result<(), Refusal> {
    match length <= most {
        true => Ok(()),
        false => Err(Refusal::validation(format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: \
             Member must have length less than or equal to {most}"
        ))),
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
