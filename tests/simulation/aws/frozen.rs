//! Processes whose reads show the state of a certain time, because a test says so.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use super::freedoms::Freedoms;
use super::timeline::LONGEST_LAG;
use super::view::{Frozen, View};

/// By process.
#[derive(Default)]
pub struct Frozens {
    names: BTreeMap<String, Frozen>,
    lists: BTreeMap<String, Frozen>,
}

impl Frozens {
    /// Reads by name of a process show the state of a time, until another time.
    pub fn freeze_names(&mut self, process: &str, as_of: Duration, until: Duration) {
        self.names
            .insert(process.to_owned(), Frozen { as_of, until });
    }

    /// The same for lists.
    pub fn freeze_lists(&mut self, process: &str, as_of: Duration) {
        let until = as_of + LONGEST_LAG;
        self.lists
            .insert(process.to_owned(), Frozen { as_of, until });
    }

    /// What a request of a process sees.
    pub fn view(&self, process: &str, now: Duration, freedoms: &Freedoms, random: Rng) -> View {
        let names = self.names.get(process).copied();
        let lists = self.lists.get(process).copied();
        View::new(now, freedoms, random, names, lists)
    }
}
