//! A JSON object in a response of Zoho, which may hold tokens.

use secrecy::ExposeSecret;

use crate::wiped_json::{Members, Value};

/// The members of an object. Of two with the same name the last counts.
pub(crate) struct Object(Members);

impl Object {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Object)
    }

    /// Returns a string that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text.expose_secret()).filter(|text| !text.is_empty()),
            Value::Number(_) | Value::Other => None,
        }
    }

    /// Returns a number, or a string that is one.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Text(text) => text.expose_secret().trim().parse().ok(),
            Value::Number(number) => Some(*number),
            Value::Other => None,
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let mut members = self.0.0.iter().rev();
        members.find_map(|(known, value)| (known == name).then_some(value))
    }
}
