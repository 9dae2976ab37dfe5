//! What happened in a simulation, in order: the same lines for the same seed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::aws::{Outcome, Request};
use crate::programs::CONFIDENTIAL;

/// The lines of a trace. Clones share them.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    lines: Vec<String>,
    /// Short names for ids, in the order in which they appeared: ids that differ from run to run
    /// have the same short name in each.
    short: BTreeMap<(char, String), usize>,
    seen: BTreeMap<char, usize>,
}

impl Trace {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn note(&self, now: Duration, who: &str, what: &str) {
        let line = format!("{:>10.3} {who}: {what}", now.as_secs_f64());
        let line = line.replace(CONFIDENTIAL, "");
        self.inner().lines.push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.inner().lines.clone()
    }

    /// A short name for a record's id or a secret's name or ARN.
    pub fn record(&self, id: &str) -> String {
        let name = id.split_once(":secret:").map_or(id, |(_, rest)| rest);
        // The value of a tag begins with the kind of the key.
        let last = name.rsplit(['/', ':']).next().unwrap_or_default();
        // An id that the store made is a fingerprint. An ARN adds a suffix.
        match last
            .get(..64)
            .filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            Some(fingerprint) => self.short('r', fingerprint) + &last[64..],
            None => last.to_owned(),
        }
    }

    /// A short name for a version.
    pub fn version(&self, id: &str) -> String {
        self.short('v', id)
    }

    /// A tag's key without the store's name, and with a short name for the id of a write in it.
    fn tag(&self, key: &str) -> String {
        let key = key.strip_prefix("zoho-token-store:").unwrap_or(key);
        match key.rsplit_once(':') {
            Some((kind, write)) => format!("{kind}:{}", self.short('w', write)),
            None => key.to_owned(),
        }
    }

    fn short(&self, kind: char, id: &str) -> String {
        let mut inner = self.inner();
        let key = (kind, id.to_owned());
        if let Some(number) = inner.short.get(&key) {
            return format!("{kind}{number}");
        }
        let seen = inner.seen.entry(kind).or_default();
        *seen += 1;
        let number = *seen;
        inner.short.insert(key, number);
        format!("{kind}{number}")
    }

    /// What a process asks.
    pub fn of_request(&self, request: &Request) -> String {
        let body = &request.body;
        let mut text = format!("  {} {}", request.action, self.record(request.subject()));
        if let Some(version) = body["ClientRequestToken"].as_str() {
            let _ = write!(text, " {}", self.version(version));
        }
        for tag in body["Tags"].as_array().into_iter().flatten() {
            let key = tag["Key"].as_str().unwrap_or_default();
            let _ = write!(text, " +{}", self.tag(key));
        }
        for key in body["TagKeys"].as_array().into_iter().flatten() {
            let key = key.as_str().unwrap_or_default();
            let _ = write!(text, " -{}", self.tag(key));
        }
        text + &value(body)
    }

    /// What AWS makes of it.
    pub fn of_outcome(&self, request: &Request, outcome: &Outcome) -> String {
        let mut text = format!("    {} {}", request.action, self.record(request.subject()));
        match outcome {
            Err(refusal) => {
                let _ = write!(text, " -> {}", refusal.code);
            }
            Ok(body) => {
                text += " -> done";
                let version = body["VersionId"].as_str();
                if let Some(version) = version.filter(|_| !request.is_write()) {
                    let _ = write!(text, " {}", self.version(version));
                }
                for member in ["SecretList", "SecretValues"] {
                    for entry in body[member].as_array().into_iter().flatten() {
                        let name = self.record(entry["Name"].as_str().unwrap_or_default());
                        let _ = write!(text, " {name}{}", value(entry));
                    }
                }
                if !request.is_write() {
                    text += &value(body);
                }
            }
        }
        text
    }
}

/// The columns of the document in a request or an answer, without the id and what the store keeps
/// for itself.
fn value(body: &Value) -> String {
    let document = body["SecretString"]
        .as_str()
        .map(serde_json::from_str::<Value>);
    let Some(Ok(Value::Object(document))) = document else {
        return String::new();
    };
    let columns = document
        .iter()
        .filter(|(column, _)| !matches!(column.as_str(), "id" | "schema_version"))
        .filter(|(column, _)| !column.starts_with('_'))
        .map(|(column, value)| match column.as_str() {
            // The time of a deletion.
            "deleted" => "deleted".to_owned(),
            _ => format!("{column}={}", value.as_str().unwrap_or("?")),
        });
    format!(" {{{}}}", columns.collect::<Vec<_>>().join(" "))
}
