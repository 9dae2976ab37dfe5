//! What secrets held, each time that it changed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::secret::{CURRENT, Content, Secret, Version};

/// The changes of what secrets hold, in order.
#[derive(Default)]
pub struct Ledger(Vec<Entry>);

impl Ledger {
    /// Notes what a secret holds, if that has changed.
    pub fn note(&mut self, entry: Entry) {
        let mut earlier = self.0.iter().rev();
        let last = earlier.find(|earlier| earlier.name == entry.name);
        let held = last.and_then(|last| last.record.as_ref());
        if entry.is_rollback || held != entry.record.as_ref() {
            self.0.push(entry);
        }
    }

    pub fn entries(&self) -> &[Entry] {
        &self.0
    }
}

/// A secret after a change.
#[derive(Clone, Debug)]
pub struct Entry {
    pub time: Duration,
    pub name: String,
    /// The columns of the record that readers of the secret get; none if there is none.
    pub record: Option<BTreeMap<String, String>>,
    /// The columns of the record that it holds although it is marked for deletion: its name is not
    /// used again.
    pub occupied_by: Option<BTreeMap<String, String>>,
    /// An earlier version was made the current one, by hand.
    pub is_rollback: bool,
}

impl Secret {
    /// The columns of the record that readers of the secret get, without `schema_version`; none if
    /// there is none.
    pub fn record(&self) -> Option<BTreeMap<String, String>> {
        self.columns().filter(|_| self.deletion.is_none())
    }

    /// The columns of the record that it holds although it is marked for deletion.
    pub fn occupied_by(&self) -> Option<BTreeMap<String, String>> {
        self.columns().filter(|_| self.deletion.is_some())
    }

    /// Whether a version holds a record, not a tombstone.
    pub fn is_record(&self, version: &Version) -> bool {
        columns(&version.content).is_some()
    }

    fn columns(&self) -> Option<BTreeMap<String, String>> {
        columns(&self.staged(CURRENT)?.content)
    }
}

/// The columns of the record that a value is; none if it is none.
fn columns(content: &Content) -> Option<BTreeMap<String, String>> {
    let Content::Text(text) = content else {
        return None;
    };
    let document: BTreeMap<String, Value> = serde_json::from_str(text).ok()?;
    let texts = document
        .into_iter()
        .filter_map(|(column, value)| Some((column, value.as_str()?.to_owned())));
    let mut columns: BTreeMap<_, _> = texts.collect();
    columns.remove("schema_version");
    let is_tombstone = columns.keys().eq(["deleted", "id"]);
    (!is_tombstone).then_some(columns)
}
