//! A call of Zoho's CRM API as a user: the provider has the access token, and gets another one if Zoho
//! refuses it.

use serde_json::{Value, json};
use zoho_token_store::{OAuthToken, TokenProvider};

use crate::handler::Failure;
use crate::http_get;

/// Answers a request such as `{"user_name": "ada@example.com:7", "module": "Contacts"}` with the status
/// and the body that Zoho returns.
pub async fn answer(
    provider: &TokenProvider,
    user_name: &str,
    module: &str,
) -> Result<Value, Failure> {
    // It becomes a part of the URL.
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if module.is_empty() || !module.chars().all(is_name) {
        return Err(Failure::Malformed);
    }
    let user = OAuthToken::builder().user_name(user_name).build()?;
    let call = provider.call(&user, async |token| {
        let url = format!("{}/crm/v8/{module}?fields=id", token.api_domain());
        let response = http_get::get(&url, token.authorization_header()).await;
        // Its text may quote the URL, and with it what was asked for.
        response.map_err(|_| Failure::Unreachable)
    });
    let (status, body) = call.await?;
    Ok(json!({"status": status.as_u16(), "body": body}))
}
