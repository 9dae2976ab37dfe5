//! The little of the CRM API that a login and a first call need.

use serde_json::{Value, json};

use super::accounts::Owner;
use super::message::Response;

/// The organization that all users belong to.
pub const ORGANIZATION: &str = "70001";

/// Why a request is not answered.
pub fn unauthorized(has_token: bool) -> Response {
    match has_token {
        true => Response::crm_error(401, "INVALID_TOKEN", "invalid oauth token"),
        false => Response::crm_error(401, "AUTHENTICATION_FAILURE", "Authentication failed"),
    }
}

/// `GET /crm/v8/users?type=CurrentUser`
pub fn users(owner: &Owner) -> Value {
    let name = owner.email.split('@').next().unwrap_or_default();
    json!({
        "users": [{
            "id": "7000000000001",
            "email": owner.email,
            "full_name": name,
            "status": "active",
        }],
        "info": {"per_page": 200, "count": 1, "page": 1, "more_records": false},
    })
}

/// `GET /crm/v8/org`
pub fn organization() -> Value {
    json!({"org": [{
        "id": ORGANIZATION,
        "zgid": ORGANIZATION,
        "company_name": "Example",
        "domain_name": "org70001",
    }]})
}

/// Any other `GET /crm/v8/<module>`
pub fn records(module: &str) -> Value {
    json!({
        "data": [{"id": "7000000000101", "Last_Name": "Lovelace", "Module": module}],
        "info": {"per_page": 200, "count": 1, "page": 1, "more_records": false},
    })
}
