//! Versions of a secret: compare-and-swap with a deterministic successor.

use std::cmp::Ordering;
use std::iter;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// For so long a version that has a successor may still be read as the current one, by AWS's
/// eventual consistency. Its own tests wait for up to five seconds.
const SETTLED: Duration = Duration::from_secs(5);

/// Which successors of a version were tried in vain.
#[derive(Default)]
pub(crate) struct Succession {
    base: String,
    refused_since: Option<Instant>,
    number: u32,
}

impl Succession {
    /// The version that follows this one, whoever writes it.
    ///
    /// PutSecretValue takes the id of the new version from its caller, and refuses one that exists
    /// with another content (ResourceExistsException). So of two writers who have both read the
    /// same version and put its successor, exactly one succeeds, and the other one learns of it in
    /// the same call. The id need not be a UUID, nor is every version's: other tools choose their
    /// own. But AWS recommends one.
    pub(crate) fn next(&self, base: &str) -> String {
        let number = if self.base == base { self.number } else { 0 };
        successor(base, number)
    }

    /// Learns that the successor of this version exists.
    pub(crate) fn refused(&mut self, base: &str) {
        if self.base != base {
            *self = Succession {
                base: base.to_owned(),
                refused_since: None,
                number: 0,
            };
        }
        self.refused_since.get_or_insert_with(Instant::now);
    }

    /// Whether the successor exists though this version has stayed the current one. That is so
    /// when somebody has made an earlier version the current one again.
    pub(crate) fn is_stuck(&self, base: &str) -> bool {
        self.base == base
            && self
                .refused_since
                .is_some_and(|since| since.elapsed() > SETTLED)
    }

    /// Goes on to another successor, again the same one for every writer.
    pub(crate) fn skip(&mut self) {
        self.number += 1;
        self.refused_since = None;
    }
}

/// How many versions are looked through for what followed one.
const FEW: usize = 8;

/// Which of two versions came first, as far as that can be known: if one was put upon the other by
/// this crate, with at most a few others between them.
pub(crate) fn order(one: &str, other: &str) -> Option<Ordering> {
    let follows = |later: &str, earlier: &str| {
        iter::successors(Some(earlier.to_owned()), |base| Some(successor(base, 0)))
            .skip(1)
            .take(FEW)
            .any(|version| version == later)
    };
    if one == other {
        Some(Ordering::Equal)
    } else if follows(other, one) {
        Some(Ordering::Less)
    } else if follows(one, other) {
        Some(Ordering::Greater)
    } else {
        None
    }
}

fn successor(version: &str, number: u32) -> String {
    let mut digest = Sha256::new();
    digest.update(b"zoho-token-store successor ");
    digest.update(number.to_be_bytes());
    digest.update(version.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_successor_is_always_the_same_and_a_uuid() {
        for version in [
            "",
            "6f4b2a0e-6d3f-4d1c-9a53-8c1f4f0f8f3b",
            "terraform-20261122",
        ] {
            let next = Succession::default().next(version);
            assert_eq!(next, Succession::default().next(version));
            assert_eq!(Uuid::parse_str(&next).unwrap().get_version_num(), 8);
            assert_ne!(next, Succession::default().next(&next));
        }
        assert_ne!(
            Succession::default().next("a"),
            Succession::default().next("b")
        );
    }

    #[test]
    fn another_successor_is_tried_only_when_one_version_stays_current_for_long() {
        let mut succession = Succession::default();
        let first = succession.next("a");
        succession.refused("a");
        assert!(!succession.is_stuck("a"));
        assert_eq!(succession.next("a"), first);

        succession.refused_since = Instant::now().checked_sub(SETTLED * 2);
        succession.refused("a");
        assert!(succession.is_stuck("a") && !succession.is_stuck("b"));
        succession.skip();
        let second = succession.next("a");
        assert!(first != second && !succession.is_stuck("a"));
        assert_eq!(succession.next("b"), Succession::default().next("b"));

        succession.refused("b");
        assert_eq!(succession.next("a"), first, "a new version begins anew");
    }

    #[test]
    fn which_version_came_first_is_told_where_one_was_put_upon_the_other() {
        let next = |version: &str| Succession::default().next(version);
        let second = next("first");
        let third = next(&second);
        for (one, other, expected) in [
            ("first", "first", Some(Ordering::Equal)),
            ("first", &third, Some(Ordering::Less)),
            (&third, &second, Some(Ordering::Greater)),
            ("first", "of somebody else", None),
        ] {
            assert_eq!(order(one, other), expected, "{one} and {other}");
        }
    }
}
