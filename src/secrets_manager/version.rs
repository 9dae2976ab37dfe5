//! Versions of a secret: compare-and-swap with a deterministic successor.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The version that follows this one, whoever writes it.
///
/// PutSecretValue takes the id of the new version from its caller, and refuses one that exists with
/// another content (ResourceExistsException). So of two writers who have both read the same version
/// and put its successor, exactly one succeeds, and the other one learns of it in the same call.
/// The id need not be a UUID, nor is every version's: other tools choose their own. But AWS
/// recommends one.
pub(super) fn successor(version: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"zoho-token-store successor of ");
    digest.update(version.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .as_hyphenated()
        .encode_lower(&mut Uuid::encode_buffer())
        .to_owned()
}

#[cfg(test)]
mod tests {
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
        }
        assert_ne!(successor("a"), successor("b"));
        assert_ne!(successor("a"), successor(&successor("a")));
    }
}
