//! The test vectors of `docs/format.md`: the crate computes exactly these values.

mod documents;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use secrecy::SecretSlice;
use serde_json::{Map, Value};

use super::fingerprint::{self, Fingerprints};
use super::secret_name::SecretNames;
use super::tags::{self, Index};
use super::version_id::{successor, successor_after_rollback};
use super::write_id::WriteId;
use crate::{ErrorKind, OAuthToken};

static VECTORS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let vectors = include_str!("../../../docs/format-vectors.json");
    serde_json::from_str(vectors).expect("the vectors are a JSON object")
});

/// The groups of vectors, each with the test that checks it.
const GROUPS: [&str; 16] = [
    "changed_tags",
    "derived_ids",
    "documents",
    "fingerprints",
    "foreign_names",
    // By the tests of `oauth::lease`.
    "lease_bases",
    "lookup_values",
    "names",
    "names_too_long",
    "own_fields",
    "prefixes",
    "refused_documents",
    "successors",
    "tags",
    "tombstones",
    "tombstones_read",
];

fn vectors(group: &str) -> &'static [Value] {
    let vectors = VECTORS[group].as_array().expect("a group is a list");
    assert!(!vectors.is_empty(), "{group} has vectors");
    vectors
}

fn text<'a>(vector: &'a Value, member: &str) -> &'a str {
    let text = vector[member].as_str();
    text.unwrap_or_else(|| panic!("{vector} has a text `{member}`"))
}

fn texts(list: &Value) -> Vec<&str> {
    let texts = list.as_array().expect("a list").iter();
    texts
        .map(|text| text.as_str().expect("a list of texts"))
        .collect()
}

fn pairs(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().expect("an object").iter();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
        .collect()
}

fn token(columns: &Value) -> OAuthToken {
    let columns = pairs(columns).into_iter();
    let token = columns.fold(OAuthToken::builder(), |token, (column, value)| {
        token.field(column.parse().expect("a column"), value)
    });
    token.build().expect("a valid token")
}

fn names_of(vector: &Value) -> SecretNames {
    SecretNames::new(text(vector, "prefix")).expect("a valid prefix")
}

/// Fingerprints with the keys of the vector.
fn fingerprints(vector: &Value) -> Fingerprints {
    let keys: Vec<_> = texts(&vector["keys"]).into_iter().map(key).collect();
    Fingerprints::new(&keys).expect("valid keys")
}

fn key(hexadecimal: &str) -> SecretSlice<u8> {
    let digits = hexadecimal.as_bytes().chunks_exact(2);
    let bytes = digits.map(|digits| {
        let digits = std::str::from_utf8(digits).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("two hexadecimal digits")
    });
    bytes.collect::<Vec<_>>().into()
}

#[test]
fn every_group_of_vectors_is_checked() {
    let about = ["about", "schema_version"];
    let groups = VECTORS.keys().map(String::as_str);
    let mut groups: Vec<_> = groups.filter(|group| !about.contains(group)).collect();
    groups.sort_unstable();
    assert_eq!(groups, GROUPS);
}

#[test]
fn prefixes() {
    let prefixes = &VECTORS["prefixes"];
    for prefix in texts(&prefixes["valid"]) {
        assert!(SecretNames::new(prefix).is_ok(), "{prefix}");
    }
    for prefix in texts(&prefixes["invalid"]) {
        let error = SecretNames::new(prefix).expect_err(prefix);
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{prefix}");
    }
}

#[test]
fn names() {
    for vector in vectors("names") {
        let (id, name) = (text(vector, "id"), text(vector, "name"));
        assert_eq!(names_of(vector).name_of(id).expect(name), name);
        assert_eq!(names_of(vector).id_of(name).as_deref(), Some(id));
    }
    for vector in vectors("names_too_long") {
        let error = names_of(vector).name_of(text(vector, "id"));
        assert_eq!(error.expect_err("too long").kind(), ErrorKind::TooLarge);
    }
    for vector in vectors("foreign_names") {
        assert_eq!(
            names_of(vector).id_of(text(vector, "name")),
            None,
            "{vector}"
        );
    }
}

#[test]
fn fingerprints_of_columns() {
    for vector in vectors("fingerprints") {
        let column = text(vector, "column").parse().expect("a column");
        let fingerprint = fingerprints(vector).of(column, text(vector, "value"));
        assert_eq!(fingerprint, text(vector, "fingerprint"), "{vector}");
    }
}

#[test]
fn derived_ids() {
    for vector in vectors("derived_ids") {
        let (prints, record) = (fingerprints(vector), token(&vector["record"]));
        let field = fingerprint::id_source(&record).expect("a field to derive the id from");
        assert_eq!(field.as_str(), text(vector, "field"));
        let sequences = vector["ids"].as_array().expect("a list for each key");
        let sequences: Vec<_> = sequences.iter().map(texts).collect();
        let chains = prints.chains(&record, field);
        let chains: Vec<Vec<_>> = chains.map(Iterator::collect).collect();
        assert_eq!(chains, sequences, "{vector}");
        assert!(
            prints
                .derived_ids(&record, field)
                .eq(sequences[0].iter().copied())
        );
    }
}

#[test]
fn tags() {
    for vector in vectors("tags") {
        let write = WriteId::parse(text(vector, "write_id")).expect("a write id");
        let record = token(&vector["record"]);
        let change = tags::change(&fingerprints(vector), &record, None, &write);
        assert_eq!(BTreeMap::from_iter(change.added), pairs(&vector["tags"]));
        assert_eq!(change.index.to_text(), text(vector, "index"));
    }
    for vector in vectors("changed_tags") {
        let write = WriteId::parse(text(vector, "write_id")).expect("a write id");
        let (before, after) = (token(&vector["before"]), token(&vector["after"]));
        let index = Index::parse(text(vector, "index_before"));
        let replaced = Some((&before, &index));
        let change = tags::change(&fingerprints(vector), &after, replaced, &write);
        assert_eq!(BTreeMap::from_iter(change.added), pairs(&vector["tags"]));
        assert_eq!(change.index.to_text(), text(vector, "index_after"));
        let removed: Vec<_> = change.replaced.tag_keys().collect();
        assert_eq!(removed, texts(&vector["removed_keys"]));
    }
    for vector in vectors("lookup_values") {
        let values = tags::lookup_values(&fingerprints(vector), &token(&vector["token"]));
        // A filter is a set: the order of its values means nothing.
        let values: BTreeSet<_> = values.into_iter().collect();
        assert_eq!(
            values,
            texts(&vector["values"])
                .into_iter()
                .map(str::to_owned)
                .collect()
        );
    }
}

#[test]
fn successors() {
    for vector in vectors("successors") {
        let version = text(vector, "version");
        let successor = match vector.get("rolled_back_from") {
            None => successor(version),
            Some(from) => successor_after_rollback(version, from.as_str().expect("a version")),
        };
        assert_eq!(successor, text(vector, "successor"), "{vector}");
    }
}
