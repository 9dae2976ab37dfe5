//! Limits on names, tags, filters and values that AWS checks and LocalStack does not.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::http::{Request, Response};

const TAGS: usize = 50;
const LABELS: usize = 20;
const FILTERS: usize = 10;
const VALUE_BYTES: u64 = 65_536;

/// Checks the limits that depend on the request alone.
pub fn check(request: &Request) -> Result<(), Response> {
    let body = &request.body;
    if let Some(name) = body["Name"]
        .as_str()
        .filter(|_| request.action == "CreateSecret")
    {
        check_name(name)?;
    }
    if let Some(token) = body["ClientRequestToken"].as_str()
        && !(32..=64).contains(&token.len())
    {
        let message = "ClientRequestToken must be 32-64 characters long.";
        return Err(Response::refusal(400, "InvalidParameterException", message));
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
        return Err(invalid(&format!("Duplicate tag key: {twice}")));
    }
    check_filters(array(&body["Filters"]))
}

/// Checks the limits that depend on the secret too.
pub fn check_with(request: &Request, described: &Value) -> Result<(), Response> {
    let body = &request.body;
    let had = array(&described["Tags"]).iter().map(|tag| &tag["Key"]);
    let tags: HashSet<_> = had
        .chain(array(&body["Tags"]).iter().map(|tag| &tag["Key"]))
        .collect();
    if tags.len() > TAGS && !array(&body["Tags"]).is_empty() {
        let message = format!("The number of tags exceeds the limit of {TAGS}.");
        return Err(invalid(&message));
    }
    let versions = described["VersionIdsToStages"].as_object();
    let had = versions
        .into_iter()
        .flat_map(|versions| versions.values().flat_map(array));
    let given = array(&body["VersionStages"])
        .iter()
        .chain(body.get("VersionStage"));
    let labels: HashSet<_> = had.chain(given).collect();
    if labels.len() > LABELS {
        let message = format!("The number of staging labels exceeds the limit of {LABELS}.");
        return Err(Response::refusal(400, "LimitExceededException", &message));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Response> {
    at_most("name", name.len() as u64, 512)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(validation(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
             following: -/_+=.@!",
        ));
    }
    // AWS accepts such a name but can confuse it with a partial ARN. It is refused here so that the
    // store does not rely on it.
    let ending = name.len().checked_sub(7).and_then(|at| name.get(at..));
    let like_arn = ending.and_then(|ending| ending.strip_prefix('-'));
    if like_arn.is_some_and(|six| six.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(invalid(
            "The name ends in a hyphen and six characters, like an ARN.",
        ));
    }
    Ok(())
}

fn check_tag(tag: &Value) -> Result<(), Response> {
    let [key, value] = ["Key", "Value"].map(|part| tag[part].as_str().unwrap_or_default());
    if key.is_empty() || key.starts_with("aws:") {
        return Err(invalid("The tag key is empty or begins with aws:."));
    }
    at_most("tags.1.member.key", key.chars().count() as u64, 127)?;
    at_most("tags.1.member.value", value.chars().count() as u64, 255)?;
    let allowed = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
    match (key.chars().all(allowed), value.chars().all(allowed)) {
        (true, true) => Ok(()),
        _ => Err(invalid(
            "The tag key or value has characters that are not allowed.",
        )),
    }
}

fn check_filters(filters: &[Value]) -> Result<(), Response> {
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
                return Err(validation(&format!(
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
pub fn at_most(member: &str, length: u64, most: u64) -> Result<(), Response> {
    match length <= most {
        true => Ok(()),
        false => Err(validation(&format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: \
             Member must have length less than or equal to {most}"
        ))),
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn validation(message: &str) -> Response {
    Response::refusal(400, "ValidationException", message)
}

fn invalid(message: &str) -> Response {
    Response::refusal(400, "InvalidParameterException", message)
}
