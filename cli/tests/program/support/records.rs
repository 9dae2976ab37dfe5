//! Tokens to store. All their values, and nothing else, contain a marker, so that a value is noticed
//! wherever it is printed.

use serde_json::{Value, json};

/// The marker.
pub const SECRET: &str = "S3CRET";

/// A login with an access token that is valid for long.
pub fn valid(user: &str) -> Value {
    json!({
        "user_name": user,
        "client_id": "1000.CLIENT",
        "client_secret": format!("{SECRET}-client"),
        "refresh_token": format!("1000.{SECRET}-refresh-{user}"),
        "access_token": format!("1000.{SECRET}-access-{user}"),
        "expiry_time": "4102444800000",
        "api_domain": "https://www.zohoapis.eu",
    })
}

/// A login whose access token has expired.
pub fn expired(user: &str) -> Value {
    let mut token = valid(user);
    token["expiry_time"] = json!("1700000000000");
    token
}

/// JSON lines.
pub fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}
