//! The state of ListSecrets, which shows each secret as it was some time ago.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// The secrets that were changed through the fake, by name.
#[derive(Default)]
pub struct Lists(Mutex<BTreeMap<String, History>>);

/// The entry that lists show, and later entries with the times from which lists show them. `None`
/// stands for no secret.
#[derive(Default)]
struct History {
    shown: Option<Value>,
    later: VecDeque<(Duration, Option<Value>)>,
}

impl History {
    fn advance(&mut self, now: Duration) {
        // A visible change supersedes all earlier ones, even those that were to become visible
        // after it.
        while let Some(shows) = self.later.iter().rposition(|(from, _)| *from <= now) {
            self.shown = self
                .later
                .drain(..=shows)
                .next_back()
                .and_then(|last| last.1);
        }
    }
}

impl Lists {
    fn histories(&self) -> MutexGuard<'_, BTreeMap<String, History>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the state of a secret before its first change.
    pub fn begin(&self, name: &str, before: Option<&Value>) {
        let mut histories = self.histories();
        histories.entry(name.to_owned()).or_insert_with(|| History {
            shown: before.map(entry),
            later: VecDeque::new(),
        });
    }

    /// Records a changed secret, which lists show from this time on.
    pub fn changed(&self, name: &str, after: Option<&Value>, from: Duration) {
        let mut histories = self.histories();
        let history = histories.entry(name.to_owned()).or_default();
        history.later.push_back((from, after.map(entry)));
    }

    /// Returns what lists show now, ordered by name. Secrets never changed through the fake are
    /// shown as they are.
    pub fn shown(&self, actual: Vec<Value>, now: Duration) -> BTreeMap<String, Value> {
        let mut histories = self.histories();
        let of_old = actual.into_iter().filter_map(|secret| {
            let name = secret["Name"].as_str()?.to_owned();
            (!histories.contains_key(&name)).then_some((name, secret))
        });
        let mut shown: BTreeMap<_, _> = of_old.collect();
        for (name, history) in histories.iter_mut() {
            history.advance(now);
            if let Some(secret) = &history.shown {
                shown.insert(name.clone(), secret.clone());
            }
        }
        shown
    }
}

/// Converts a description into a list entry.
fn entry(described: &Value) -> Value {
    let mut entry = described.clone();
    if let Some(members) = entry.as_object_mut()
        && let Some(versions) = members.remove("VersionIdsToStages")
    {
        members.insert("SecretVersionsToStages".to_owned(), versions);
    }
    entry
}
