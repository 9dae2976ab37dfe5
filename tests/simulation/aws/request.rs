//! Requests to Secrets Manager and its responses, as the SDK sends and reads them.

use std::io;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::programs::CONFIDENTIAL;
use crate::support::aws_rules::Refusal;
use crate::support::aws_rules::names::is_write;
use crate::support::aws_rules::signature::seconds_of;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The action, for example `GetSecretValue`.
    pub action: String,
    pub body: Value,
    /// Whether a confidential value is anywhere in the body.
    pub is_confidential: bool,
    /// When it was signed, in seconds since the Unix epoch by the client's clock. None for requests
    /// of the operator, which are not signed.
    pub signed_at: Option<i64>,
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
            is_confidential: String::from_utf8_lossy(bytes).contains(CONFIDENTIAL),
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
        is_write(&self.action)
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
