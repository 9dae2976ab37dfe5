//! Counts of requests and their outcomes by action.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::faults::Fault;

#[derive(Default)]
pub struct Counts(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    received: BTreeMap<String, usize>,
    executed: BTreeMap<String, usize>,
    refused: BTreeMap<String, usize>,
    injected: BTreeMap<Fault, usize>,
}

impl Counts {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count_received(&self, action: &str) {
        *self.inner().received.entry(action.to_owned()).or_default() += 1;
    }

    /// Counts a response of the service itself, not of a fault. An empty code is a success.
    pub fn count_response(&self, action: &str, code: &str) {
        let mut inner = self.inner();
        if code.is_empty() {
            *inner.executed.entry(action.to_owned()).or_default() += 1;
        } else {
            *inner.refused.entry(code.to_owned()).or_default() += 1;
        }
    }

    pub fn count_fault(&self, fault: Fault) {
        *self.inner().injected.entry(fault).or_default() += 1;
    }

    pub fn received(&self) -> BTreeMap<String, usize> {
        self.inner().received.clone()
    }

    pub fn executed(&self) -> BTreeMap<String, usize> {
        self.inner().executed.clone()
    }

    pub fn refused(&self) -> BTreeMap<String, usize> {
        self.inner().refused.clone()
    }

    pub fn injected(&self) -> BTreeMap<Fault, usize> {
        self.inner().injected.clone()
    }
}
