//! The staging labels in the response to a repeated PutSecretValue, which LocalStack leaves out.

use std::io;

use serde_json::{Value, json};

use super::http::{Request, Response};

/// Adds the labels that the version has now, if the response to a put has none: "the list of staging
/// labels that are currently attached to this version of the secret" (API reference of
/// PutSecretValue).
pub async fn complete(request: &Request, response: Response) -> io::Result<Response> {
    if request.action != "PutSecretValue" || !response.is_ok() {
        return Ok(response);
    }
    let mut body = response.body();
    if body.get("VersionStages").is_some() {
        return Ok(response);
    }
    let secret = json!({"SecretId": request.body["SecretId"]});
    let described = request.instead("DescribeSecret", secret);
    let described = described.execute().await?.body();
    let version = body["VersionId"].as_str().unwrap_or_default();
    body["VersionStages"] = match &described["VersionIdsToStages"][version] {
        Value::Null => json!([]),
        labels => labels.clone(),
    };
    Ok(Response::new(200, &body))
}
