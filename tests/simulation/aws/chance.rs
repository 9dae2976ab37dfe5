//! Chance from one seed, independent of the order in which unrelated requests arrive.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

use super::request::Request;

pub use crate::support::aws_rules::chance::{duration, happens};

/// Draws for requests. A draw depends on the process, the action, what the request is about, and
/// how many such requests there were before; so a program that is shortened meets, as far as
/// possible, what it met before.
pub struct Chance {
    seed: u64,
    drawn: BTreeMap<(String, String, String), u64>,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Chance {
            seed,
            drawn: BTreeMap::new(),
        }
    }

    pub fn draw(&mut self, process: &str, request: &Request) -> Rng {
        let subject = request.subject().to_owned();
        let kind = (process.to_owned(), request.action.clone(), subject);
        let number = self.drawn.entry(kind.clone()).or_default();
        *number += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, kind, *number).hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }
}

/// A time in the range, of which short ones are as likely as long ones: each order of magnitude is.
pub fn duration_of_any_magnitude(random: &mut Rng, range: &RangeInclusive<Duration>) -> Duration {
    let [start, end] = [range.start(), range.end()].map(|bound| bound.as_secs_f64().max(0.001));
    let logarithm = start.ln() + random.f64() * (end.ln() - start.ln()).max(0.0);
    Duration::from_millis((logarithm.exp() * 1_000.0) as u64)
}
