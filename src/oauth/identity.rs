//! Whose token it is: Zoho's CRM API tells the user and the organization.

use http::HeaderValue;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::access_token::AccessToken;
use super::core::Core;
use super::http::HttpRequest;

const USERS: &str = "/crm/v8/users?type=CurrentUser";
const ORG: &str = "/crm/v8/org";

/// Returns the user's name as Zoho's SDKs make it, `<email>:<org id>`; `None` if Zoho does not tell.
pub(crate) async fn user_name(core: &Core, access: &AccessToken) -> Option<String> {
    let email = get(core, access, USERS).await.as_ref().and_then(email_in);
    let org = get(core, access, ORG).await.as_ref().and_then(org_in);
    match (email, org) {
        (Some(email), Some(org)) => Some(format!("{email}:{org}")),
        _ => {
            tracing::warn!(
                "could not determine the token's user; saving without a user name: let users grant \
                 ZohoCRM.users.READ and ZohoCRM.org.READ, too"
            );
            None
        }
    }
}

async fn get(core: &Core, access: &AccessToken, path: &str) -> Option<Value> {
    let authorization: HeaderValue = access.authorization_header();
    let request = HttpRequest {
        url: format!("{}{path}", access.api_domain()),
        form: None,
        authorization: Some(authorization),
        timeout: core.timing.request,
    };
    let response = tokio::time::timeout(core.timing.request, core.http.send(request)).await;
    let response = response.ok()?.ok()?;
    let status = response.status;
    if !(200..300).contains(&status) {
        tracing::debug!(path, status, "Zoho does not tell whose token it is");
        return None;
    }
    serde_json::from_str(response.body.expose_secret()).ok()
}

/// The email address in a list of users.
fn email_in(users: &Value) -> Option<String> {
    text(users.get("users")?.get(0)?.get("email")?)
}

/// The id in a list of organizations: `zgid`, as in Zoho's SDKs. Each organization has an `id` too,
/// which is another number.
fn org_in(orgs: &Value) -> Option<String> {
    let org = orgs.get("org")?.get(0)?;
    text(org.get("zgid").or_else(|| org.get("id"))?)
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_organization_are_read_from_zohos_responses() {
        let json = |text| serde_json::from_str::<Value>(text).unwrap();
        let users = json(r#"{"users":[{"email":"ada@example.com","id":"1"}],"info":{}}"#);
        assert_eq!(email_in(&users).as_deref(), Some("ada@example.com"));
        assert_eq!(
            org_in(&json(r#"{"org":[{"id":"7"}]}"#)).as_deref(),
            Some("7")
        );
        assert_eq!(org_in(&json(r#"{"org":[{"id":7}]}"#)).as_deref(), Some("7"));
        let both = json(r#"{"org":[{"id":"9","zgid":"7"}]}"#);
        assert_eq!(org_in(&both).as_deref(), Some("7"), "as in the SDKs");
        for other in [
            r#"{"users":[],"org":[]}"#,
            r#"{"code":"OAUTH_SCOPE_MISMATCH"}"#,
            r#"{"users":[{"email":""}],"org":[{"id":""}]}"#,
            r#"{"users":[{"email":null}],"org":{"id":"7"}}"#,
            "[]",
        ] {
            let other = json(other);
            assert_eq!((email_in(&other), org_in(&other)), (None, None), "{other}");
        }
    }
}
