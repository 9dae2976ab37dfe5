//! Requests to Secrets Manager and its responses, as the SDK sends and reads them.

use std::io;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The action, for example `GetSecretValue`.
    pub action: String,
    pub body: Value,
    /// When it was signed, in seconds since the Unix epoch by the client's clock. None for requests
    /// of the operator, which are not signed.
    pub signed_at: Option<i64>,
}

/// Why AWS does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

/// What a request comes to.
pub type Outcome = Result<Value, Refusal>;

impl Request {
    /// Reads a request that the SDK is about to send.
    pub fn read(request: &HttpRequest) -> io::Result<Self> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let action = target.rsplit('.').next().unwrap_or_default();
        let bytes = request.body().bytes();
        let bytes = bytes.ok_or_else(|| invalid("the body is a stream"))?;
        let body = serde_json::from_slice(bytes).map_err(|_| invalid("the body is not JSON"))?;
        Ok(Request {
            action: action.to_owned(),
            body,
            signed_at: request.headers().get("x-amz-date").and_then(seconds_of),
        })
    }

    /// What the request is about: a secret's name or ARN, or what is listed.
    pub fn subject(&self) -> &str {
        let body = &self.body;
        let id = body["SecretId"].as_str().or(body["Name"].as_str());
        let id = id.or_else(|| body["SecretIdList"][0].as_str());
        let id = id.or_else(|| body["Filters"].as_array()?.last()?["Values"][0].as_str());
        id.unwrap_or_default()
    }

    /// The request without the secret's value.
    pub fn text_but_the_value(&self) -> String {
        let mut body = self.body.clone();
        if let Some(members) = body.as_object_mut() {
            members.remove("SecretString");
        }
        body.to_string()
    }

    /// Whether the action changes a secret.
    pub fn is_write(&self) -> bool {
        !matches!(
            self.action.as_str(),
            "GetSecretValue" | "BatchGetSecretValue" | "DescribeSecret" | "ListSecrets"
        )
    }
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Refusal {
            status: 400,
            code,
            message: message.into(),
        }
    }

    pub fn not_found() -> Self {
        let message = "Secrets Manager can't find the specified secret.";
        Refusal::new("ResourceNotFoundException", message)
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Refusal::new("ValidationException", message)
    }

    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Refusal::new("InvalidParameterException", message)
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Refusal::new("InvalidRequestException", message)
    }

    pub fn throttled() -> Self {
        Refusal::new("ThrottlingException", "Rate exceeded")
    }

    pub fn internal_error() -> Self {
        Refusal {
            status: 500,
            code: "InternalServiceError",
            message: "An error occurred on the server side.".to_owned(),
        }
    }

    pub fn unavailable() -> Self {
        Refusal {
            status: 503,
            code: "ServiceUnavailable",
            message: "The service is unavailable. Please try again shortly.".to_owned(),
        }
    }
}

/// The response that carries an outcome.
pub fn response(outcome: Outcome, request_id: u64) -> Result<HttpResponse, ConnectorError> {
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(refusal) => {
            let body = json!({"__type": refusal.code, "Message": refusal.message});
            (refusal.status, body)
        }
    };
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amzn-requestid", format!("request-{request_id}"))
        .body(SdkBody::from(body.to_string()))
        .map_err(io::Error::other);
    let response = response.map_err(|cause| ConnectorError::io(cause.into()))?;
    HttpResponse::try_from(response).map_err(|cause| ConnectorError::other(cause.into(), None))
}

/// The connection is reset.
pub fn reset() -> ConnectorError {
    ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

/// The seconds of a date such as `20261122T063834Z`.
fn seconds_of(basic: &str) -> Option<i64> {
    let part = |range| basic.get(range);
    let extended = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(9..11)?,
        part(11..13)?,
        part(13..15)?
    );
    let parsed = DateTime::from_str(&extended, Format::DateTime).ok()?;
    Some(parsed.secs())
}
