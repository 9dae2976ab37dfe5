//! How a token stands with Zoho: whether a process refreshes it, and whether Zoho refuses it.

use serde_json::{Value, json};
use zoho_token_store::oauth::{TokenState, TokenStatus};

use crate::output::record::time;

/// Whether Zoho issues no access token for it, or somebody has to log in.
pub fn is_failing(status: &TokenStatus) -> bool {
    matches!(
        status.state,
        TokenState::Failing { .. } | TokenState::NeedsLogin
    )
}

/// One line about it.
pub fn text(status: &TokenStatus) -> String {
    match &status.state {
        TokenState::Valid => "valid".to_owned(),
        TokenState::Expiring => "valid, and refreshed when it is asked for next".to_owned(),
        TokenState::Expired => "expired, and refreshed when it is asked for next".to_owned(),
        TokenState::Refreshing => "a process refreshes it, or has crashed while it did".to_owned(),
        TokenState::Exchanging => "a process exchanges its grant token, or has crashed".to_owned(),
        TokenState::Failing {
            code,
            since,
            needs_login,
        } => {
            let then = match needs_login {
                true => "somebody has to log in",
                false => "Zoho is asked again later",
            };
            format!("failing since {} ({code}): {then}", time(*since))
        }
        TokenState::NeedsLogin => "somebody has to log in".to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// The same as JSON.
pub fn json(status: &TokenStatus) -> Value {
    let name = match &status.state {
        TokenState::Valid => "valid",
        TokenState::Expiring => "expiring",
        TokenState::Expired => "expired",
        TokenState::Refreshing => "refreshing",
        TokenState::Exchanging => "exchanging",
        TokenState::Failing { .. } => "failing",
        TokenState::NeedsLogin => "needs_login",
        _ => "unknown",
    };
    let mut object = json!({"state": name, "can_refresh": status.can_refresh});
    if let TokenState::Failing {
        code,
        since,
        needs_login,
    } = &status.state
    {
        object["code"] = json!(code);
        object["since"] = json!(time(*since));
        object["needs_login"] = json!(needs_login);
    }
    object
}
