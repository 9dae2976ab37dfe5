//! Versions of a secret: AWS keeps all of the last 24 hours, and limits their number.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::support::aws_rules::Refusal;
use crate::support::aws_rules::limits::{KEPT, check_versions};

/// The versions that were created through the fake, by secret.
#[derive(Default)]
pub struct Versions(Mutex<HashMap<String, Vec<(String, Duration)>>>);

impl Versions {
    fn made(&self) -> MutexGuard<'_, HashMap<String, Vec<(String, Duration)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a version that exceeds the limit. A version that exists already is accepted.
    pub fn check(&self, name: &str, id: &str, most: usize, now: Duration) -> Result<(), Refusal> {
        let mut made = self.made();
        let versions = made.entry(name.to_owned()).or_default();
        versions.retain(|(_, at)| at.saturating_add(KEPT) > now);
        match versions.iter().any(|(version, _)| version == id) {
            true => Ok(()),
            false => check_versions(versions.len(), most),
        }
    }

    pub fn add(&self, name: &str, id: &str, now: Duration) {
        let mut made = self.made();
        let versions = made.entry(name.to_owned()).or_default();
        if versions.iter().all(|(version, _)| version != id) {
            versions.push((id.to_owned(), now));
        }
    }

    /// Forgets a deleted secret's versions.
    pub fn forget(&self, name: &str) {
        self.made().remove(name);
    }
}
