//! What a reader sees: the current state of each secret, or an older one.

use std::time::Duration;

use fastrand::Rng;

use super::chance;
use super::freedoms::Freedoms;

/// What one request sees.
pub struct View {
    now: Duration,
    random: Rng,
    /// In percent, and how old at most.
    names: (f64, Duration),
    lists: (f64, Duration),
    /// The state of this time, instead of a drawn one.
    names_as_of: Option<Duration>,
    lists_as_of: Option<Duration>,
    /// Whether a read by name has shown an older state.
    pub is_stale: bool,
}

/// Reads of one process that show the state of a certain time, for a while.
#[derive(Clone, Copy, Debug)]
pub struct Frozen {
    pub as_of: Duration,
    pub until: Duration,
}

impl Frozen {
    fn at(frozen: Option<Self>, now: Duration) -> Option<Duration> {
        let frozen = frozen.filter(|frozen| now < frozen.until)?;
        Some(frozen.as_of)
    }
}

impl View {
    pub fn new(
        now: Duration,
        freedoms: &Freedoms,
        random: Rng,
        names: Option<Frozen>,
        lists: Option<Frozen>,
    ) -> Self {
        View {
            now,
            random,
            names: (freedoms.stale_reads, freedoms.read_lag),
            lists: (freedoms.stale_lists, freedoms.list_lag),
            names_as_of: Frozen::at(names, now),
            lists_as_of: Frozen::at(lists, now),
            is_stale: false,
        }
    }

    /// The time whose state a read by name shows.
    pub fn of_name(&mut self) -> Duration {
        let (percent, lag) = self.names;
        self.names_as_of.unwrap_or_else(|| self.time(percent, lag))
    }

    /// The time whose state a list shows of one secret.
    pub fn of_list(&mut self) -> Duration {
        let (percent, lag) = self.lists;
        self.lists_as_of.unwrap_or_else(|| self.time(percent, lag))
    }

    fn time(&mut self, percent: f64, lag: Duration) -> Duration {
        if !chance::happens(&mut self.random, percent) {
            return self.now;
        }
        let age = chance::duration(&mut self.random, &(Duration::ZERO..=lag));
        self.now.saturating_sub(age)
    }
}
