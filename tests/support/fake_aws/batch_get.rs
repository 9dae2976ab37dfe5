//! BatchGetSecretValue: at most 20 secrets, and errors beside values.

use serde_json::{Value, json};

use crate::support::http::{Request, Response};

use super::limits;

pub const MOST: usize = 20;

pub fn check(body: &Value) -> Result<(), Response> {
    let invalid = |message| Response::refusal(400, "InvalidParameterException", message);
    let has = |member| body.get(member).is_some_and(|value| !value.is_null());
    match (has("SecretIdList"), has("Filters")) {
        (true, true) => Err(invalid(
            "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
        )),
        (false, false) => Err(invalid(
            "Either 'SecretIdList' or 'Filters' must be provided.",
        )),
        (true, false) if has("MaxResults") => Err(invalid(
            "'MaxResults' can only be used with 'Filters', not with 'SecretIdList'.",
        )),
        _ => {
            let ids = body["SecretIdList"].as_array().map_or(0, Vec::len);
            limits::at_most("secretIdList", ids as u64, MOST as u64)
        }
    }
}

/// Returns the request for the secrets with these names.
pub fn of_names(request: &Request, names: Vec<String>) -> Request {
    request.instead("BatchGetSecretValue", json!({"SecretIdList": names}))
}

/// Replaces the first of the values by an error.
pub fn break_first(response: Response) -> Response {
    let mut body = response.body();
    let values = body["SecretValues"].as_array_mut();
    let Some(values) = values.filter(|values| !values.is_empty()) else {
        return response;
    };
    let broken = values.remove(0);
    let error = json!({
        "SecretId": broken["Name"],
        "ErrorCode": "InternalServiceError",
        "Message": "An error occurred on the server side.",
    });
    match body["Errors"].as_array_mut() {
        Some(errors) => errors.push(error),
        None => body["Errors"] = json!([error]),
    }
    Response::new(200, &body)
}
