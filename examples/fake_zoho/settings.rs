//! How this Zoho behaves: lifetimes, limits and the form of its answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an access token lives, in seconds; Zoho has 3,600.
    pub access_token_seconds: f64,
    /// How long the code of a login can be exchanged, in seconds.
    pub grant_seconds: f64,
    /// How the answer tells the lifetime.
    pub expires_in: ExpiresIn,
    /// Fields that are left out of the answers with a token, such as `api_domain` or `token_type`.
    pub omit: Vec<String>,
    /// Whether each refresh brings another refresh token, and ends the former one.
    pub rotate_refresh_tokens: bool,
    /// How many access tokens a refresh token gives in `window_seconds`.
    pub refreshes_a_window: usize,
    pub window_seconds: f64,
    /// How many access tokens of a refresh token live at a time: one more ends the oldest.
    pub live_access_tokens: usize,
    /// How many refresh tokens a user has in a client: one more ends the oldest.
    pub refresh_tokens: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            access_token_seconds: 3600.0,
            grant_seconds: 120.0,
            expires_in: ExpiresIn::Seconds,
            omit: Vec::new(),
            rotate_refresh_tokens: false,
            refreshes_a_window: 10,
            window_seconds: 600.0,
            live_access_tokens: 15,
            refresh_tokens: 20,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    Seconds,
    /// Milliseconds, with the seconds in `expires_in_sec`.
    Milliseconds,
    Missing,
}

impl Settings {
    /// Returns these settings with other values for the fields that are given.
    pub fn with(&self, given: &Value) -> Result<Self, String> {
        let given = given.as_object().ok_or("the settings are an object")?;
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in given {
            all[name.as_str()] = value.clone();
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}
