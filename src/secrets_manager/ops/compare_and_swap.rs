//! Compare-and-swap: a value is put as the successor of the version it was made from.

use std::time::Duration;

use tokio::time::Instant;

use secrecy::SecretString;

use super::core::Core;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::format::version_id::successor;

/// How long a version that has a successor may still be read as the current one. AWS's own tests
/// wait up to five seconds.
const SETTLING_TIME: Duration = Duration::from_secs(5);

/// The successor that is tried next, and since when it has been refused.
#[derive(Default)]
pub(crate) struct Succession {
    base: String,
    refused_since: Option<Instant>,
    number: u32,
}

impl Succession {
    fn next(&self, base: &str) -> String {
        let number = if self.base == base { self.number } else { 0 };
        successor(base, number)
    }

    /// Records that the successor of this version exists.
    fn refused(&mut self, base: &str) {
        if self.base != base {
            *self = Succession {
                base: base.to_owned(),
                refused_since: None,
                number: 0,
            };
        }
        self.refused_since.get_or_insert_with(Instant::now);
    }

    /// Whether the successor exists although this version has stayed the current one, which happens
    /// when somebody makes an earlier version current again.
    fn is_stuck(&self, base: &str) -> bool {
        self.base == base
            && self
                .refused_since
                .is_some_and(|since| since.elapsed() > SETTLING_TIME)
    }

    /// Goes on to the next successor, which is the same one for every writer.
    fn skip(&mut self) {
        self.number += 1;
        self.refused_since = None;
    }
}

/// Puts a value as the successor of this version, and returns that successor's id.
///
/// If another writer came first, the reason of the failure is [`Reason::Exists`].
pub(crate) async fn swap(
    core: &Core,
    name: &str,
    document: &SecretString,
    version: &str,
    succession: &mut Succession,
) -> Result<String, Failure> {
    if succession.is_stuck(version) {
        let secret = core.aws.describe(name).await?;
        if secret.current_version.as_deref() == Some(version) {
            succession.skip();
        }
    }
    let next = succession.next(version);
    let refused = match core.aws.put(name, document, &next).await {
        Ok(true) => return Ok(next),
        // AWS treats a version that exists with this very content as a repetition and changes
        // nothing. That is so after a lost answer, but also if the version is no longer current.
        Ok(false) => {
            let secret = core.aws.describe(name).await?;
            if secret.current_version.as_ref() == Some(&next) {
                return Ok(next);
            }
            Failure::outrun(name)
        }
        Err(failure) => failure,
    };
    if refused.reason == Reason::Exists {
        succession.refused(version);
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_successor_is_tried_only_if_a_version_stays_current() {
        let mut succession = Succession::default();
        let first = succession.next("a");
        succession.refused("a");
        assert!(!succession.is_stuck("a"));
        assert_eq!(succession.next("a"), first);

        succession.refused_since = Instant::now().checked_sub(SETTLING_TIME * 2);
        succession.refused("a");
        assert!(succession.is_stuck("a") && !succession.is_stuck("b"));
        succession.skip();
        let second = succession.next("a");
        assert!(first != second && !succession.is_stuck("a"));
        assert_eq!(succession.next("b"), Succession::default().next("b"));

        succession.refused("b");
        assert_eq!(succession.next("a"), first, "a new version starts over");
    }
}
