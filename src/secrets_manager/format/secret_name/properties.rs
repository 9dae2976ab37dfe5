//! Properties of the names of any id under any prefix.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::testing::for_all;

fn prefix() -> impl Strategy<Value = String> {
    "[a-z0-9_+=.@-]{1,12}/([a-zA-Z-]{1,12}/)?"
}

/// Any text, and texts that are likely to be escaped or padded.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{1,20}",
        "[a=/-]{1,12}",
        "[a-f0-9]{0,20}-[a-f0-9=]{5,7}",
        "[ -~]{1,250}"
    ]
}

#[test]
fn a_name_leads_back_to_its_id() {
    for_all(1_000, (prefix(), id()), |(prefix, id)| {
        let names = SecretNames::new(&prefix).unwrap();
        match names.name_of(&id) {
            Ok(name) => {
                assert!(name.starts_with(&prefix));
                assert_eq!(names.id_of(&name), Some(id));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TooLarge);
                assert!(prefix.len() + 3 * id.len() + 7 > NAME_LIMIT);
            }
        }
    });
}

#[test]
fn a_name_is_one_that_aws_allows() {
    for_all(1_000, (prefix(), id()), |(prefix, id)| {
        let Ok(name) = SecretNames::new(&prefix).unwrap().name_of(&id) else {
            return;
        };
        assert!(name.len() <= NAME_LIMIT);
        let below = &name[prefix.len()..];
        assert!(
            below
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_+=.@-".contains(&byte)),
            "{name}"
        );
        let before_six = name.bytes().nth_back(6);
        assert_ne!(before_six, Some(b'-'), "{name} ends like an ARN");
    });
}

#[test]
fn two_ids_never_share_a_name() {
    let ids = prop::collection::vec("[aA=2Fé/-]{1,6}", 2..40);
    for_all(1_000, (prefix(), ids), |(prefix, ids)| {
        let names = SecretNames::new(&prefix).unwrap();
        let mut seen = HashMap::new();
        for id in ids {
            let name = names.name_of(&id).unwrap();
            assert_eq!(seen.entry(name).or_insert_with(|| id.clone()), &id);
        }
    });
}

#[test]
fn two_prefixes_have_no_name_in_common() {
    let prefixes = (prefix(), prefix()).prop_filter("two", |(one, other)| one != other);
    for_all(1_000, (prefixes, id()), |((one, other), id)| {
        // If one prefix begins with the other, its rest contains a `/`, and an encoded id does not.
        let (one, other) = (
            SecretNames::new(&one).unwrap(),
            SecretNames::new(&other).unwrap(),
        );
        if let Ok(name) = one.name_of(&id) {
            assert_eq!(other.id_of(&name), None, "{name}");
        }
    });
}

#[test]
fn a_name_that_has_an_id_is_the_name_of_that_id() {
    for_all(1_000, "(zoho/)?[a-c=/2F-]{0,12}", |name| {
        let names = SecretNames::new("zoho/").unwrap();
        if let Some(id) = names.id_of(&name) {
            assert_eq!(names.name_of(&id).unwrap(), name);
        }
    });
}
