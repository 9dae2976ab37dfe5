//! A record as commands show it: without token values and client secret, unless they are asked for.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use zoho_token_store::{Field, OAuthToken};

use super::rows::Mood;
use crate::text::utc;

/// Columns whose value is shown only if it is asked for.
const SECRET: [Field; 4] = [
    Field::ClientSecret,
    Field::RefreshToken,
    Field::AccessToken,
    Field::GrantToken,
];

/// Zoho's SDKs refresh a token this long before it expires.
const MARGIN: Duration = Duration::from_secs(5);

/// What a record's own columns say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The access token is valid.
    Valid,
    /// The access token has expired, or there is none, and it can be refreshed or the grant exchanged.
    Expired,
    /// There is no valid access token and no way to get one.
    NeedsLogin,
}

impl State {
    pub fn of(token: &OAuthToken) -> Self {
        let is_valid = token.access_token().is_some() && !token.expires_within(MARGIN);
        let can_renew = token.refresh_token().is_some() || token.grant_token().is_some();
        match (is_valid, can_renew) {
            (true, _) => State::Valid,
            (false, true) => State::Expired,
            (false, false) => State::NeedsLogin,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            State::Valid => "valid",
            State::Expired => "expired",
            State::NeedsLogin => "needs login",
        }
    }

    pub fn mood(self) -> Mood {
        match self {
            State::Valid => Mood::Good,
            State::Expired => Mood::Warning,
            State::NeedsLogin => Mood::Bad,
        }
    }
}

/// Whether a column is a token value or the client secret.
pub fn is_secret(field: Field) -> bool {
    SECRET.contains(&field)
}

/// Which tokens a record has: `access, refresh`.
pub fn tokens(token: &OAuthToken) -> String {
    let given = [
        ("access", token.access_token()),
        ("refresh", token.refresh_token()),
        ("grant", token.grant_token()),
    ];
    let given = given.iter().filter(|(_, value)| value.is_some());
    let names: Vec<_> = given.map(|(name, _)| *name).collect();
    names.join(", ")
}

/// A record as JSON: the columns that may be shown, which others it has, when it expires, its state.
pub fn json(token: &OAuthToken, show_secrets: bool) -> Map<String, Value> {
    let mut object = Map::new();
    for &field in Field::ALL {
        if let Some(value) = token.expose(field)
            && (show_secrets || !is_secret(field))
        {
            object.insert(field.as_str().to_owned(), json!(value));
        }
    }
    if let Some(url) = token.accounts_url() {
        object.insert("accounts_url".to_owned(), json!(url));
    }
    let given = Field::ALL
        .iter()
        .filter(|&&field| token.expose(field).is_some());
    let given: Vec<_> = given.map(|field| field.as_str()).collect();
    object.insert("has".to_owned(), json!(given));
    object.insert("expires_at".to_owned(), json!(token.expires_at().map(time)));
    object.insert("state".to_owned(), json!(State::of(token).name()));
    object
}

/// A time in UTC. Years after 9999, which RFC 3339 cannot express, are cut off.
pub fn time(time: SystemTime) -> String {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    utc(time.min(last))
}
