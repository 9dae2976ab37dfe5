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
/// The id need not be a UUID, nor do other tools write UUIDs only; AWS recommends one.
pub(crate) fn successor(version: &str) -> String {
    let zero = 0_u32.to_be_bytes();
    version_id(&[b"zoho-token-store successor ", &zero, version.as_bytes()])
}

/// The id of the version that follows `version` after it was made current again by hand, when
/// `from` was current. Its usual successor exists then.
pub(crate) fn successor_after_rollback(version: &str, from: &str) -> String {
    let length = (version.len() as u64).to_be_bytes();
    version_id(&[
        b"zoho-token-store rollback ",
        &length,
        version.as_bytes(),
        from.as_bytes(),
    ])
}

/// A UUID of version 8 from the first 16 bytes of the parts' SHA-256.
fn version_id(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
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
        iter::successors(Some(earlier.to_owned()), |base| Some(successor(base)))
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
            let next = successor(version);
            assert_eq!(next, successor(version));
            assert_eq!(Uuid::parse_str(&next).unwrap().get_version_num(), 8);
            assert_ne!(next, successor(&next));
            assert_ne!(next, successor_after_rollback(version, ""));
        }
        assert_ne!(successor("a"), successor("b"));
    }

    #[test]
    fn a_version_precedes_the_versions_put_on_top_of_it() {
        let second = successor("first");
        let third = successor(&second);
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
