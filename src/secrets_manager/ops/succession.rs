//! Which successor of a version is put next, and what refused swaps have shown about that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::secrets_manager::format::version_id::{order, successor, successor_after_rollback};

/// How long a version that has a successor may still be read as the current one. AWS's own tests
/// wait up to five seconds.
const SETTLING_TIME: Duration = Duration::from_secs(5);

/// How many records may have a refused swap at the same time. Only a record that was rolled back by
/// hand needs its refusals to be remembered.
const REFUSALS: usize = 1_000;

/// Which successor of a version is tried next, and since when that has been refused.
#[derive(Default)]
pub(crate) struct Succession {
    base: String,
    refused_since: Option<Instant>,
    /// The version that was current before this one was made current again by hand.
    rolled_back_from: Option<String>,
}

impl Succession {
    /// Returns the id of the successor to try.
    pub(crate) fn next(&self, base: &str) -> String {
        match &self.rolled_back_from {
            Some(from) if self.base == base => successor_after_rollback(base, from),
            _ => successor(base),
        }
    }

    /// Records that the successor of this version exists.
    pub(crate) fn refused(&mut self, base: &str) {
        if self.base != base {
            *self = Succession {
                base: base.to_owned(),
                ..Succession::default()
            };
        }
        self.refused_since.get_or_insert_with(Instant::now);
    }

    /// Whether the successor of this version exists.
    pub(crate) fn was_refused(&self, base: &str) -> bool {
        self.base == base && self.refused_since.is_some()
    }

    /// Records that the version was made current again by hand, when this one was.
    pub(crate) fn rolled_back_from(&mut self, previous: String) {
        self.rolled_back_from = Some(previous);
    }

    /// Whether a version has stayed current although it has a successor, which happens if somebody
    /// makes an earlier version current again. Then `previous` is a version that was put on top of it.
    pub(crate) fn is_rolled_back(&self, base: &str, previous: &str) -> bool {
        let follows = order(previous, base) == Some(std::cmp::Ordering::Greater);
        let is_old = |since: Instant| since.elapsed() > SETTLING_TIME;
        self.base == base && (follows || self.refused_since.is_some_and(is_old))
    }
}

/// The successions of records whose swap was refused, for the next swap of each.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, Succession>>);

impl Refusals {
    /// Returns the succession of this record, and forgets it.
    pub(crate) fn take(&self, id: &str) -> Succession {
        self.lock().remove(id).unwrap_or_default()
    }

    /// Remembers a succession until the record's next swap.
    pub(crate) fn remember(&self, id: &str, succession: Succession) {
        let mut refusals = self.lock();
        if refusals.len() >= REFUSALS {
            refusals.clear();
        }
        refusals.insert(id.to_owned(), succession);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Succession>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_successor_is_tried_only_if_an_earlier_version_was_made_current_again() {
        let mut succession = Succession::default();
        let first = succession.next("a");
        succession.refused("a");
        assert_eq!(succession.next("a"), first);
        assert!(!succession.is_rolled_back("a", "before"));
        assert!(
            succession.is_rolled_back("a", &first),
            "it is no longer current"
        );
        succession.refused_since = Instant::now().checked_sub(SETTLING_TIME * 2);
        assert!(succession.is_rolled_back("a", "before"));
        assert!(!succession.is_rolled_back("b", "before"));

        succession.rolled_back_from = Some(first.clone());
        let second = succession.next("a");
        assert!(second != first && second != successor(&first));
        assert_eq!(succession.next("b"), Succession::default().next("b"));
        succession.refused("b");
        assert_eq!(succession.next("a"), first, "a new version starts over");
    }
}
