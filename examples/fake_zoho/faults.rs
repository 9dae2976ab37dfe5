//! What goes wrong with the next requests, as ordered by the control endpoints.

use serde::Deserialize;
use serde_json::Value;

/// A fault that some requests meet.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The requests that meet it: `refresh`, `grant`, `revoke`, `users`, `org`, `records` or `any`.
    pub on: String,
    pub what: What,
    /// How many requests meet it.
    pub times: u64,
}

impl Fault {
    /// Reads `{"on": "refresh", "times": 2, "kind": "delay", "milliseconds": 500}`.
    pub fn from_json(mut fault: Value) -> Result<Self, String> {
        let fields = fault.as_object_mut().ok_or("a fault is an object")?;
        let on = fields.remove("on").unwrap_or_else(|| "any".into());
        let times = fields.remove("times").unwrap_or_else(|| 1.into());
        let on = on.as_str().filter(|on| KINDS.contains(on));
        Ok(Fault {
            on: on
                .ok_or_else(|| format!("`on` is one of {KINDS:?}"))?
                .to_owned(),
            times: times.as_u64().ok_or("`times` is a number")?,
            what: serde_json::from_value(fault).map_err(|error| error.to_string())?,
        })
    }
}

const KINDS: [&str; 7] = [
    "any", "refresh", "grant", "revoke", "users", "org", "records",
];

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The request is executed after so many milliseconds.
    Delay { milliseconds: u64 },
    /// The request is executed, and its answer comes after so many milliseconds.
    DelayAfter { milliseconds: u64 },
    /// The request waits until `/_control/release`, and is executed then.
    Hang,
    /// The request is executed, and its answer waits until `/_control/release`.
    HangAfter,
    /// The connection is closed without an answer, and nothing is executed.
    Reset,
    /// The request is executed, and the connection is closed without an answer.
    ResetAfter,
    /// A page with this status, and nothing is executed.
    Status { status: u16 },
    /// An error of the accounts server: status 200, with this code in the body. Nothing is executed.
    Error { error: String },
    /// Status 200 with this text, and nothing is executed.
    Body { body: String },
}

/// The faults that are ordered.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn order(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns what goes wrong with a request of this kind.
    pub fn next(&mut self, kind: &str) -> Option<What> {
        let meets = |fault: &Fault| fault.on == kind || fault.on == "any";
        let position = self.0.iter().position(meets)?;
        let fault = &mut self.0[position];
        let what = fault.what.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.0.remove(position);
        }
        Some(what)
    }
}
