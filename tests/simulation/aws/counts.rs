//! What came, and what went wrong, by kind.

use std::collections::BTreeMap;
use std::fmt;

use super::faults::Fault;

/// Counts of one simulation, or of many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub requests: BTreeMap<String, u64>,
    pub refusals: BTreeMap<&'static str, u64>,
    pub faults: BTreeMap<Fault, u64>,
    /// Requests that were executed after their client was gone.
    pub abandoned: u64,
    /// Reads by name that showed an older state.
    pub stale_reads: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        for (action, count) in &other.requests {
            *self.requests.entry(action.clone()).or_default() += count;
        }
        for (code, count) in &other.refusals {
            *self.refusals.entry(code).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        self.abandoned += other.abandoned;
        self.stale_reads += other.stale_reads;
    }

    pub fn all_requests(&self) -> u64 {
        self.requests.values().sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} requests: {:?}", self.all_requests(), self.requests)?;
        writeln!(f, "refused: {:?}", self.refusals)?;
        write!(
            f,
            "faults: {:?}, abandoned: {}, stale reads: {}",
            self.faults, self.abandoned, self.stale_reads
        )
    }
}
