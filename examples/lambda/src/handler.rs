//! What the function does with a request: calls Zoho as a user, refreshes tokens, or answers what is not
//! secret of a token.

use std::time::Duration;

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use zoho_token_store::{Error, OAuthToken, TokenProvider, TokenStore};

use crate::{call, sweep};

/// Why a request has no answer.
///
/// Lambda passes it on as `errorType` and `errorMessage`. The kind is the type, because that is what
/// Step Functions and event sources choose by whether to try again.
#[derive(Debug)]
pub enum Failure {
    /// The request is none that the function knows.
    Malformed,
    /// The store or the provider could not answer.
    Store(Error),
    /// Zoho's API did not respond.
    Unreachable,
}

/// Answers a request: that of a schedule, one with a module of Zoho's CRM, or one with a user alone.
pub async fn respond(provider: &TokenProvider, request: &Value) -> Result<Value, Failure> {
    if let Some(seconds) = request.get("refresh_expiring_seconds") {
        let seconds = seconds.as_u64().ok_or(Failure::Malformed)?;
        return sweep::answer(provider, seconds).await;
    }
    let Some(module) = request.get("module") else {
        return answer(provider.store(), request).await;
    };
    let user_name = request.get("user_name").and_then(Value::as_str);
    match (user_name, module.as_str()) {
        (Some(user_name), Some(module)) => call::answer(provider, user_name, module).await,
        _ => Err(Failure::Malformed),
    }
}

/// Answers a request such as `{"user_name": "ada@example.com:7"}`.
///
/// The request is read by hand: an error of a deserializer quotes what it did not expect, and that
/// may be a user name or a token, which do not belong in the log.
pub async fn answer(store: &dyn TokenStore, request: &Value) -> Result<Value, Failure> {
    let user_name = request.get("user_name").and_then(Value::as_str);
    let user_name = user_name.ok_or(Failure::Malformed)?;
    let asked = OAuthToken::builder().user_name(user_name).build()?;
    let found = store.find_token(&asked).await?;
    Ok(match found {
        Some(token) => describe(&token),
        None => json!({"found": false}),
    })
}

/// What may be known of a token: these columns, and no other.
fn describe(token: &OAuthToken) -> Value {
    json!({
        "found": true,
        "user_name": token.user_name(),
        "expires_at": token.expiry_time(),
        "expired": token.expires_within(Duration::ZERO),
        "api_domain": token.api_domain(),
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Store(error)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let (error_type, retryable, message) = match failure {
            Failure::Malformed => (
                "malformed_request",
                false,
                r#"the request must be like {"user_name": "ada@example.com:7"}"#.to_owned(),
            ),
            Failure::Unreachable => (
                "zoho_unreachable",
                true,
                "Zoho's API did not respond".to_owned(),
            ),
            Failure::Store(error) => (
                error.kind().as_str(),
                error.is_retryable(),
                error.to_string(),
            ),
        };
        // Lambda's error has no third field, so the message is an object itself.
        Diagnostic {
            error_type: error_type.to_owned(),
            error_message: json!({"retryable": retryable, "message": message}).to_string(),
        }
    }
}

#[cfg(test)]
#[path = "handler_tests.rs"]
mod tests;
