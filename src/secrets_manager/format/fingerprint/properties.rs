//! Properties of fingerprints, derived ids and tags, for any value.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::matching::IDENTIFYING_FIELDS;
use crate::secrets_manager::format::tags::{Tag, change, lookup_values};
use crate::secrets_manager::format::write_id::WriteId;
use crate::testing::{any_token, for_all};

fn index_tags(fingerprints: &Fingerprints, token: &OAuthToken) -> Vec<Tag> {
    let write = WriteId::new(std::time::SystemTime::UNIX_EPOCH, 1);
    change(fingerprints, token, None, &write).added
}

fn with_key(key: &[u8]) -> Fingerprints {
    Fingerprints::new(&[SecretSlice::from(key.to_vec())]).unwrap()
}

/// Any key, long and short of a hash's block, and none that differs from another only in zeros at
/// its end: HMAC fills a key up with zeros.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(1..=u8::MAX, 16..80)
}

fn value() -> impl Strategy<Value = String> + Clone {
    ".{1,40}".boxed()
}

fn is_a_fingerprint(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(digit)
}

#[test]
fn a_fingerprint_is_always_the_same_64_hexadecimal_digits() {
    let fields = select(IDENTIFYING_FIELDS);
    for_all(1_000, (key(), fields, value()), |(key, field, value)| {
        let fingerprint = with_key(&key).of(field, &value);
        assert!(is_a_fingerprint(&fingerprint), "{fingerprint}");
        assert_eq!(fingerprint, with_key(&key).of(field, &value));
    });
}

#[test]
fn another_key_field_or_value_gives_another_fingerprint() {
    let few = || {
        (
            select(vec![[1; 16], [2; 16], [3; 16]]),
            0..4usize,
            "[ab]{1,3}",
        )
    };
    let inputs = prop::collection::hash_set(few(), 2..60);
    for_all(100, inputs, |inputs| {
        let fingerprints: HashSet<_> = inputs
            .iter()
            .map(|(key, field, value)| with_key(key).of(IDENTIFYING_FIELDS[*field], value))
            .collect();
        assert_eq!(fingerprints.len(), inputs.len());
    });
}

#[test]
fn where_one_part_ends_and_the_next_begins_makes_a_difference() {
    let mac = keyed(PUBLIC_KEY).unwrap();
    for_all(1_000, (value(), value(), value()), |(a, b, c)| {
        let digests = HashSet::from([
            digest(&mac, &[&a, &b, &c]),
            digest(&mac, &[&(a.clone() + &b), &c]),
            digest(&mac, &[&a, &(b.clone() + &c)]),
            digest(&mac, &[&(a.clone() + &b + &c)]),
        ]);
        assert_eq!(digests.len(), 4);
    });
}

#[test]
fn tags_and_ids_show_nothing_of_the_values_and_are_allowed_in_filters() {
    for_all(1_000, (key(), any_token(value())), |(key, token)| {
        let prints = with_key(&key);
        for (name, value) in index_tags(&prints, &token) {
            assert!(name.starts_with("zoho-token-store:"));
            let (field, fingerprint) = value.split_once(':').unwrap();
            let field = field.parse::<Field>().unwrap();
            assert!(is_a_fingerprint(fingerprint));
            assert_eq!(fingerprint, prints.of(field, token.expose(field).unwrap()));
        }
        for &field in IDENTIFYING_FIELDS {
            let ids: Vec<_> = prints.derived_ids(&token, field).collect();
            assert!(ids.iter().all(|id| is_a_fingerprint(id)));
            let distinct: HashSet<_> = ids.iter().collect();
            assert_eq!(distinct.len(), ids.len());
            let expected = token.expose(field).map_or(0, |_| usize::from(DERIVED_IDS));
            assert_eq!(ids.len(), expected);
        }
    });
}

#[test]
fn a_record_is_tagged_with_all_that_it_is_looked_up_by() {
    for_all(
        1_000,
        (any_token("[ab]"), any_token("[ab]")),
        |(record, partial)| {
            let prints = Fingerprints::new(&[]).unwrap();
            let tags: HashSet<_> = index_tags(&prints, &record)
                .into_iter()
                .map(|(_, value)| value)
                .collect();
            let looked_up: HashSet<_> = lookup_values(&prints, &partial).into_iter().collect();
            let alike = IDENTIFYING_FIELDS.iter().copied().any(|field| {
                partial.expose(field).is_some() && partial.expose(field) == record.expose(field)
            });
            assert_eq!(!tags.is_disjoint(&looked_up), alike);
        },
    );
}
