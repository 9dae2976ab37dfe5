//! What AWS is free to do, each a switch: how often, and how long.

use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

use super::chance;
use super::faults::{Executed, Fault};
use super::timeline::LONGEST_LAG;
use crate::support::aws_rules::limits::VERSIONS;

/// Reads by name are current again after this time. AWS promises no bound; its own tests wait this
/// long.
pub const SETTLING: Duration = Duration::from_secs(5);

/// Which freedoms AWS takes.
#[derive(Clone, Debug)]
pub struct Freedoms {
    /// How long a request is on its way, and its answer.
    pub latency: RangeInclusive<Duration>,
    /// Of 100 reads by name, how many may show an older state.
    pub stale_reads: f64,
    /// How old that state is at most.
    pub read_lag: Duration,
    /// Of 100 secrets in a list, how many may be shown in an older state.
    pub stale_lists: f64,
    pub list_lag: Duration,
    /// Of 100 requests, with how many this goes wrong.
    pub faults: Vec<(Fault, f64)>,
    /// Of 100 requests that remove tags, how many are throttled, with all that the SDK repeats. Such a
    /// request also tells whether a secret exists.
    pub throttled_untags: f64,
    /// Of 100 requests that create a secret, after how many their process dies.
    pub crashed_creations: f64,
    /// Of 100 requests that write and whose answer is lost, how many are throttled whenever the SDK
    /// repeats them.
    pub throttled_again: f64,
    /// How long [`Fault::Slow`] takes.
    pub slow: RangeInclusive<Duration>,
    /// How much later a late request is executed.
    pub late: RangeInclusive<Duration>,
    /// Of 100 requests whose client goes away before they arrive, how many are executed later
    /// nevertheless.
    pub abandoned: f64,
    /// How long a deletion by force takes.
    pub forced_deletion: RangeInclusive<Duration>,
    /// Pages of a list are now and then smaller than they could be, or empty.
    pub short_pages: bool,
    /// How many versions of a day a secret may have. AWS's quota is not meant to be lowered; with
    /// the real one no program would be long enough to meet it.
    pub versions: usize,
}

const MS: fn(u64) -> Duration = Duration::from_millis;

impl Freedoms {
    /// None: AWS is consistent, and nothing goes wrong.
    pub fn none() -> Self {
        Freedoms {
            latency: MS(5)..=MS(5),
            stale_reads: 0.0,
            read_lag: SETTLING,
            stale_lists: 0.0,
            list_lag: LONGEST_LAG,
            faults: Vec::new(),
            throttled_untags: 0.0,
            crashed_creations: 0.0,
            throttled_again: 0.0,
            slow: MS(100)..=MS(4_000),
            late: MS(20)..=MS(240_000),
            abandoned: 0.0,
            forced_deletion: MS(0)..=MS(0),
            short_pages: false,
            versions: VERSIONS,
        }
    }

    /// Some of them, each as often as the seed says. With few of them at a time, more of what each
    /// leads to is seen than with all at once.
    pub fn drawn(random: &mut Rng) -> Self {
        let longest = random.u64(5..=80);
        let mut freedoms = Freedoms {
            latency: MS(1)..=MS(longest),
            forced_deletion: MS(0)..=MS(random.u64(0..=5_000)),
            short_pages: random.bool(),
            ..Freedoms::none()
        };
        if random.bool() {
            freedoms.stale_reads = random.f64() * 40.0;
        }
        if random.u8(..4) > 0 {
            freedoms.stale_lists = random.f64() * 100.0;
        }
        if random.bool() {
            freedoms.abandoned = random.f64() * 100.0;
        }
        for fault in Fault::ALL {
            if random.u8(..3) == 0 {
                freedoms.faults.push((fault, random.f64() * 6.0));
            }
        }
        freedoms
    }

    /// Whether requests may be executed after their client has given up.
    pub fn are_late(&self) -> bool {
        let mut faults = self.faults.iter();
        self.abandoned > 0.0 || faults.any(|(fault, _)| fault.executed() == Executed::Later)
    }

    /// What goes wrong with a request, if something does.
    pub fn draw(&self, action: &str, random: &mut Rng) -> Option<Fault> {
        let mut happens = |percent| chance::happens(random, percent);
        let creates = action == "CreateSecret" && self.crashed_creations > 0.0;
        if creates && happens(self.crashed_creations) {
            return Some(Fault::CrashAfter);
        }
        let drawn = self.faults.iter().find(|(_, percent)| happens(*percent));
        drawn.map(|(fault, _)| *fault)
    }

    /// Whether a request that writes, and that meets this fault or none, is throttled or is when it
    /// is repeated.
    pub fn throttles(&self, action: &str, fault: Option<Fault>, random: &mut Rng) -> bool {
        let percent = match fault {
            None if action == "UntagResource" => self.throttled_untags,
            None => 0.0,
            Some(fault) if fault.loses_answer() => self.throttled_again,
            Some(_) => 0.0,
        };
        percent > 0.0 && chance::happens(random, percent)
    }

    /// How long what this fault delays takes.
    pub fn delay(&self, fault: Fault, random: &mut Rng) -> Duration {
        let range = match fault {
            Fault::Slow => &self.slow,
            _ => &self.late,
        };
        chance::duration_of_any_magnitude(random, range)
    }
}
