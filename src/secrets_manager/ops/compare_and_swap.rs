//! Compare-and-swap: a value is put as the successor of the version it was made from.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::core::Core;
use crate::secrets_manager::aws::calls::{Address, PutOutcome};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::format::version_id::{order, successor, successor_after_rollback};

/// How long a version that has a successor may still be read as the current one. AWS's own tests
/// wait up to five seconds.
const SETTLING_TIME: Duration = Duration::from_secs(5);

/// What is put.
#[derive(Clone, Copy)]
pub(crate) enum Put<'a> {
    Record(&'a SecretString),
    Tombstone(&'a SecretString),
}

/// What was put.
pub(crate) struct Swapped {
    pub(crate) version: String,
    /// Whether AWS says that it is the current version. If not, another writer has already put a
    /// version on top of it.
    pub(crate) is_current: bool,
}

/// Which successor of a version is tried next, and since when that has been refused.
#[derive(Default)]
pub(crate) struct Succession {
    base: String,
    refused_since: Option<Instant>,
    /// The version that was current before this one was made current again by hand.
    rolled_back_from: Option<String>,
}

impl Succession {
    fn next(&self, base: &str) -> String {
        match &self.rolled_back_from {
            Some(from) if self.base == base => successor_after_rollback(base, from),
            _ => successor(base),
        }
    }

    /// Records that the successor of this version exists.
    fn refused(&mut self, base: &str) {
        if self.base != base {
            *self = Succession {
                base: base.to_owned(),
                ..Succession::default()
            };
        }
        self.refused_since.get_or_insert_with(Instant::now);
    }

    /// Whether a version has stayed current although it has a successor, which happens if somebody
    /// makes an earlier version current again. Then `previous` is a version that was put on top of it.
    fn is_rolled_back(&self, base: &str, previous: &str) -> bool {
        let follows = order(previous, base) == Some(std::cmp::Ordering::Greater);
        let is_old = |since: Instant| since.elapsed() > SETTLING_TIME;
        self.base == base && (follows || self.refused_since.is_some_and(is_old))
    }
}

/// Puts a value as the successor of this version.
///
/// A version that exists with this very content was put by this call, for the content of every
/// write is unique: then the put has succeeded before and its answer was lost, whatever is current
/// now. If another writer came first, the reason of the failure is [`Reason::Exists`].
pub(crate) async fn swap(
    core: &Core,
    secret: Address<'_>,
    value: Put<'_>,
    base: &str,
    succession: &mut Succession,
) -> Result<Swapped, Failure> {
    if succession.base == base && succession.refused_since.is_some() {
        let described = core.aws.describe(secret.name).await?;
        let is_current = described.current_version.as_deref() == Some(base);
        if let Some(previous) = described.previous_version.filter(|_| is_current)
            && succession.is_rolled_back(base, &previous)
        {
            succession.rolled_back_from = Some(previous);
        }
    }
    let version = succession.next(base);
    let put = match value {
        Put::Record(document) => core.aws.put(secret, document, &version).await,
        Put::Tombstone(document) => core.aws.put_tombstone(secret, document, &version).await,
    };
    match put {
        Ok(outcome) => Ok(Swapped {
            version,
            is_current: outcome == PutOutcome::Current,
        }),
        Err(failure) => {
            if failure.reason == Reason::Exists {
                succession.refused(base);
            }
            Err(failure)
        }
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
