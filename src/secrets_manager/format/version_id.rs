//! Version ids: the deterministic successor of a version, and which of two versions came first.

use std::cmp::Ordering;
use std::iter;

use sha2::{Digest, Sha256};

/// How many successors [`order`] looks through.
const ORDERED: usize = 8;

/// The id of the version that follows `version`, whichever process writes it.
///
/// PutSecretValue takes the id of the new version from its caller and refuses an id that exists
/// with another content (ResourceExistsException). So if two writers read the same version and put
/// its successor, exactly one of them succeeds, and the other learns of it in the same call.
///
/// `number` is 0 unless an earlier version was made current again by hand: its successor exists
/// then, and writers go on to number 1, 2, ….
///
/// The id need not be a UUID, nor do other tools write UUIDs only; AWS recommends one.
pub(crate) fn successor(version: &str, number: u32) -> String {
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

/// Returns which of two versions came first, if one follows the other by at most eight successors.
pub(crate) fn order(one: &str, other: &str) -> Option<Ordering> {
    let follows = |later: &str, earlier: &str| {
        iter::successors(Some(earlier.to_owned()), |base| Some(successor(base, 0)))
            .skip(1)
            .take(ORDERED)
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
            let next = successor(version, 0);
            assert_eq!(next, successor(version, 0));
            assert_eq!(Uuid::parse_str(&next).unwrap().get_version_num(), 8);
            assert_ne!(next, successor(&next, 0));
            assert_ne!(next, successor(version, 1));
        }
        assert_ne!(successor("a", 0), successor("b", 0));
    }

    #[test]
    fn a_version_precedes_the_versions_put_on_top_of_it() {
        let second = successor("first", 0);
        let third = successor(&second, 0);
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
