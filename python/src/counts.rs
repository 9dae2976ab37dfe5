//! How often each event of a provider has happened in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use zoho_token_store::oauth::{Event, Metrics};

/// Counts the events of one provider. Clones count together.
///
/// Its lock is never held while the GIL is waited for. A child of a fork has an engine of its own, and
/// counts of its own with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Counts {
    /// Returns how often each event has happened, without those that have not.
    pub(crate) fn read(&self) -> BTreeMap<&'static str, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Metrics for Counts {
    fn record(&self, event: &Event) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(event.name()).or_default() += 1;
    }
}
