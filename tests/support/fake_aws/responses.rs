//! HTTP responses: of refusals, and of pages of a list.

use serde_json::{Value, json};

use crate::support::aws_rules::Refusal;
use crate::support::http::Response;

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Response::refusal(refusal.status, refusal.code, &refusal.message)
    }
}

/// Returns the response with a page of a list, and the token of the next page.
pub fn page(member: &str, entries: Vec<Value>, next: Option<String>) -> Response {
    let mut body = json!({member: entries});
    if let Some(next) = next {
        body["NextToken"] = json!(next);
    }
    Response::new(200, &body)
}
