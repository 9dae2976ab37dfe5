//! The tags of a secret: which store it belongs to, and the index of its lookup keys.

use super::fingerprint::Fingerprints;
use crate::{Field, OAuthToken};

/// The key and the value of a tag.
pub(crate) type Tag = (String, String);

/// The tag of every secret of this crate's stores.
pub(crate) const MANAGED_BY: (&str, &str) = ("managed-by", "zoho-token-store");

/// How many tags the store sets itself: [`MANAGED_BY`] and three for every lookup key.
pub(crate) const OWN_TAGS: usize = 13;

/// The keys of index tags begin with it.
pub(crate) const INDEX_PREFIX: &str = "zoho-token-store:";

const INDEXED: [(Field, &str); 4] = [
    (Field::UserName, "zoho-token-store:user"),
    (Field::AccessToken, "zoho-token-store:access"),
    (Field::GrantToken, "zoho-token-store:grant"),
    (Field::RefreshToken, "zoho-token-store:refresh"),
];

/// Whether a secret with these tags belongs to one of this crate's stores.
pub(crate) fn is_managed(tags: &[Tag]) -> bool {
    tags.iter()
        .any(|(key, value)| key == MANAGED_BY.0 && value == MANAGED_BY.1)
}

/// The values of the index tags of a record with any of the token's lookup keys.
///
/// A value begins with the name of its field and has a fixed length. So AWS's prefix match on tag
/// values is an exact match, and it does not matter that a filter on keys and one on values may
/// match different tags.
pub(crate) fn lookup_values(fingerprints: &Fingerprints, partial: &OAuthToken) -> Vec<String> {
    let values = INDEXED.iter().flat_map(|&(field, _)| {
        let of_field = fingerprints.of_field(partial, field);
        of_field.map(move |fingerprint| value(field, &fingerprint))
    });
    values.collect()
}

/// The index tags of a record: for each lookup key its fingerprint, and the one under which
/// processes that still have the previous fingerprint key look it up.
pub(crate) fn index_tags(fingerprints: &Fingerprints, record: &OAuthToken) -> Vec<Tag> {
    let tags = INDEXED.iter();
    tags.flat_map(|&(field, key)| tags_of(fingerprints, record, field, key))
        .collect()
}

/// The index tags that a change of a record needs: those of the lookup keys that change, and the
/// fingerprints that they replace.
///
/// Tags change before the value does. With both fingerprints, the record is found under its old
/// and its new key whichever value it holds, even if the writer stops in between. Tags of keys
/// that do not change are left alone: another writer may be changing them.
pub(crate) fn changed_tags(
    fingerprints: &Fingerprints,
    record: &OAuthToken,
    replaced: &OAuthToken,
) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (field, key) in INDEXED {
        if record.expose(field) != replaced.expose(field) {
            tags.extend(tags_of(fingerprints, record, field, key));
            let before = fingerprints.of_field(replaced, field).next();
            tags.extend(before.map(|before| (format!("{key}-before"), value(field, &before))));
        }
    }
    tags
}

fn tags_of(
    fingerprints: &Fingerprints,
    record: &OAuthToken,
    field: Field,
    key: &str,
) -> impl Iterator<Item = Tag> {
    let keys = [key.to_owned(), format!("{key}-former-key")];
    let of_field = fingerprints.of_field(record, field);
    keys.into_iter()
        .zip(of_field)
        .map(move |(key, fingerprint)| (key, value(field, &fingerprint)))
}

fn value(field: Field, fingerprint: &str) -> String {
    format!("{field}:{fingerprint}")
}

#[cfg(test)]
mod tests {
    use secrecy::SecretSlice;

    use super::*;
    use crate::testing::token;

    fn fingerprints() -> Fingerprints {
        Fingerprints::new(&[]).unwrap()
    }

    fn keys(tags: &[Tag]) -> Vec<&str> {
        tags.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn a_change_tags_the_new_and_the_replaced_key_and_no_other() {
        let (old, new) = (
            token("user_name=ada access_token=old"),
            token("user_name=ada access_token=new"),
        );
        let all = index_tags(&fingerprints(), &new);
        assert_eq!(
            keys(&all),
            ["zoho-token-store:user", "zoho-token-store:access"]
        );
        let changed = changed_tags(&fingerprints(), &new, &old);
        assert_eq!(
            keys(&changed),
            ["zoho-token-store:access", "zoho-token-store:access-before"]
        );
        assert_eq!(changed[0], all[1]);
        assert_eq!(changed[1].1, lookup_values(&fingerprints(), &old)[1]);
        let plain = |(_, value): &Tag| {
            ["ada", "old", "new"]
                .iter()
                .any(|plain| value.contains(plain))
        };
        assert!(!all.iter().chain(&changed).any(plain));
        assert_eq!(changed_tags(&fingerprints(), &old, &old), []);
    }

    #[test]
    fn processes_with_the_previous_or_the_current_fingerprint_key_find_a_record() {
        let (old, new) = (
            SecretSlice::from(vec![1; 32]),
            SecretSlice::from(vec![2; 32]),
        );
        let before = Fingerprints::new(std::slice::from_ref(&old)).unwrap();
        let after = Fingerprints::new(&[new, old]).unwrap();
        let token = token("user_name=u access_token=a");
        let values = lookup_values(&after, &token);
        assert_eq!(values.len(), 4);
        let before = lookup_values(&before, &token);
        assert!(before.iter().all(|value| values.contains(value)));
        let tags = index_tags(&after, &token).into_iter();
        let tags: Vec<_> = tags.map(|(_, value)| value).collect();
        assert!(values.iter().all(|value| tags.contains(value)));
    }
}
