//! Forced deletions: they take time, and until they are done the name can be neither used nor
//! created.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Request;

/// The secrets being deleted, with the time at which each is gone.
#[derive(Default)]
pub struct Deletions(Mutex<HashMap<String, Duration>>);

impl Deletions {
    fn under_way(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, name: &str, gone_at: Duration) {
        self.under_way().entry(name.to_owned()).or_insert(gone_at);
    }

    pub fn is_under_way(&self, name: &str) -> bool {
        self.under_way().contains_key(name)
    }

    /// Returns whether the secret's deletion is due at `now`. Returns true once.
    pub fn due(&self, name: &str, now: Duration) -> bool {
        let mut under_way = self.under_way();
        let due = under_way.get(name).is_some_and(|&gone_at| gone_at <= now);
        if due {
            under_way.remove(name);
        }
        due
    }
}

/// Returns the request to LocalStack in place of a forced deletion: until the deletion is done, the
/// secret is marked for deletion.
pub fn marking(request: &Request, name: &str) -> Request {
    let body = json!({"SecretId": name, "RecoveryWindowInDays": 30});
    request.instead("DeleteSecret", body)
}

/// Returns the request to LocalStack that completes the deletion.
pub fn removal(request: &Request, name: &str) -> Request {
    let body = json!({"SecretId": name, "ForceDeleteWithoutRecovery": true});
    request.instead("DeleteSecret", body)
}

pub fn is_forced(body: &Value) -> bool {
    body["ForceDeleteWithoutRecovery"].as_bool() == Some(true)
}
