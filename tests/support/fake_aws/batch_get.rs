//! BatchGetSecretValue: the request to LocalStack, and errors beside values.

use serde_json::json;

use crate::support::aws_rules::Refusal;
use crate::support::http::{Request, Response};

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
    let refusal = Refusal::internal_error();
    let error = json!({
        "SecretId": broken["Name"],
        "ErrorCode": refusal.code,
        "Message": refusal.message,
    });
    match body["Errors"].as_array_mut() {
        Some(errors) => errors.push(error),
        None => body["Errors"] = json!([error]),
    }
    Response::new(200, &body)
}
