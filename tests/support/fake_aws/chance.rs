//! Chance from one seed, whatever the order in which requests for different secrets arrive.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use crate::support::http::Request;

use super::names;

/// Draws for the requests that come.
#[derive(Default)]
pub struct Chance(Mutex<Drawn>);

#[derive(Default)]
struct Drawn {
    /// How many draws there were for a purpose, an action and what it is about.
    draws: HashMap<(&'static str, String, String), u64>,
    prefixes: Vec<String>,
}

impl Chance {
    /// The next draw for such a request. It depends on how many there were of the same kind about
    /// the same secret, and on nothing else: not on what a prefix is, which is another one in each
    /// run, only on which of them came first; and not on what other tasks do.
    pub fn draw(&self, seed: u64, purpose: &'static str, request: &Request) -> Rng {
        let subject = names::subject(&request.body);
        let (prefix, last) = match subject.rsplit_once('/') {
            Some((prefix, last)) => (prefix.to_owned(), last.to_owned()),
            None => (String::new(), subject.clone()),
        };
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = drawn.prefixes.iter().position(|known| *known == prefix);
        let which = known.unwrap_or_else(|| {
            drawn.prefixes.push(prefix);
            drawn.prefixes.len() - 1
        });
        let number = drawn
            .draws
            .entry((purpose, request.action.clone(), subject))
            .or_default();
        *number += 1;
        let mut hasher = DefaultHasher::new();
        (seed, purpose, &request.action, which, last, *number).hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }
}

/// A time in the range.
pub fn duration(random: &mut Rng, range: &RangeInclusive<Duration>) -> Duration {
    let [start, end] = [range.start(), range.end()].map(|bound| bound.as_millis());
    let millis = random.u128(start..=end.max(start));
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
