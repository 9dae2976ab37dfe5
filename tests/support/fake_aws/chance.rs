//! Random choices from one seed, independent of the order in which requests for different secrets
//! arrive.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use fastrand::Rng;

use crate::support::http::Request;

use super::names;

/// The random choices for requests.
#[derive(Default)]
pub struct Chance(Mutex<Drawn>);

#[derive(Default)]
struct Drawn {
    /// The number of draws by purpose, action and subject.
    draws: HashMap<(&'static str, String, String), u64>,
    prefixes: Vec<String>,
}

impl Chance {
    /// Returns the random generator for a request. It depends only on the number of earlier draws
    /// for the same purpose, action and secret: not on the text of the prefix, which differs in
    /// each run, but only on the order in which prefixes appear; and not on what other tasks do.
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
