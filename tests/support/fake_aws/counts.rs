//! What came and what was done with it, by action.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::faults::Fault;

#[derive(Default)]
pub struct Counts(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    asked: BTreeMap<String, usize>,
    executed: BTreeMap<String, usize>,
    refused: BTreeMap<String, usize>,
    injected: BTreeMap<Fault, usize>,
}

impl Counts {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count_asked(&self, action: &str) {
        *self.inner().asked.entry(action.to_owned()).or_default() += 1;
    }

    /// An answer of the service, not of a fault: no code is a success.
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

    pub fn asked(&self) -> BTreeMap<String, usize> {
        self.inner().asked.clone()
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
