//! Properties of the document of any token, and of any JSON.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use std::time::Duration;

use super::*;
use crate::testing::{any_token, for_all};

/// Any text that is not empty, including all characters that JSON escapes.
fn text() -> impl Strategy<Value = String> + Clone {
    let special = "[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}\u{feff}💡é]{1,8}";
    prop_oneof![".{1,24}", special].boxed()
}

fn with_id() -> impl Strategy<Value = OAuthToken> {
    (any_token(text()), text())
        .prop_map(|(token, id)| token.to_builder().id(id).build().expect("an id was added"))
}

fn unknown() -> impl Strategy<Value = UnknownFields> {
    prop::collection::btree_map(".{0,8}", ".{0,12}", 0..4).prop_map(|fields| {
        let ours =
            |name: &str| name.parse::<Field>().is_ok() || [SCHEMA_VERSION, DELETED].contains(&name);
        let fields = fields.into_iter().filter(|(name, _)| !ours(name));
        let fields: Vec<_> = fields.map(|(name, value)| (name, value.into())).collect();
        UnknownFields(fields.into())
    })
}

fn plain(fields: &UnknownFields) -> Vec<(&str, &str)> {
    let fields = fields.0.iter();
    fields
        .map(|(name, value)| (name.as_str(), value.expose_secret()))
        .collect()
}

/// Any JSON, mostly objects.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,8}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let write_id = || {
        let write_id = (0..u64::from(u32::MAX), any::<u64>());
        write_id.prop_map(|(seconds, random)| {
            WriteId::new(
                SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
                random,
            )
        })
    };
    let index = move || {
        let names = prop::sample::subsequence(vec!["user", "access", "grant", "refresh"], 0..=4);
        (names, write_id()).prop_map(|(names, write)| {
            let parts = names
                .iter()
                .map(|name| format!("{name}:{}", write.as_str()));
            Index::parse(&parts.collect::<Vec<_>>().join(" "))
        })
    };
    let indexes = (index(), index(), index());
    // A lease of a later version may be any text.
    let metadata = (
        prop::option::of(write_id()),
        indexes,
        prop::option::of(text()),
    );
    let metadata = metadata.prop_map(|(write_id, indexes, refresh_lease)| Metadata {
        write_id,
        index: indexes.0,
        replaced_index: indexes.1,
        unsettled: indexes.2,
        refresh_lease,
    });
    metadata.boxed()
}

#[test]
fn a_written_document_is_read_again() {
    for_all(
        1_000,
        (with_id(), metadata(), unknown()),
        |(token, metadata, unknown)| {
            let id = token.id().unwrap();
            let document = encode(&token, &metadata, &unknown).unwrap();
            let Document::Record {
                token: read,
                metadata: noted,
                unknown: kept,
            } = decode(id, document.expose_secret()).unwrap()
            else {
                panic!("a record is read as a tombstone");
            };
            assert_eq!((read, noted), (token, metadata));
            assert_eq!(plain(&kept), plain(&unknown));
        },
    );
}

#[test]
fn every_document_is_a_flat_object_of_strings_to_other_readers() {
    for_all(1_000, (with_id(), unknown()), |(token, unknown)| {
        let document = encode(&token, &Metadata::default(), &unknown).unwrap();
        let fields: Map<String, Value> = serde_json::from_str(document.expose_secret()).unwrap();
        let columns = Field::ALL
            .iter()
            .copied()
            .filter_map(|field| Some((field.as_str(), token.expose(field)?)));
        let expected = columns
            .chain(plain(&unknown))
            .chain([("schema_version", "1")])
            .map(|(name, value)| (name.to_owned(), json!(value)));
        assert_eq!(fields, expected.collect());
    });
}

#[test]
fn any_json_is_refused_or_a_document_to_another_reader_too() {
    for_all(1_000, json(), |value| {
        assert!(decode("1", &value.to_string()).is_err(), "{value}");
    });
}

#[test]
fn a_document_with_any_field_is_read_if_and_only_if_the_field_is_a_string() {
    for_all(1_000, (".{0,12}", json()), |(name, value)| {
        let fields = json!({"schema_version": "1", "id": "1", "access_token": "a"});
        let mut fields = fields.as_object().unwrap().clone();
        prop_assume_other(&name, &fields);
        let text = value.as_str().map(str::to_owned);
        fields.insert(name.clone(), value);
        let read = decode("1", &Value::Object(fields).to_string());
        match (read, text) {
            (Ok(Document::Record { unknown, .. }), Some(text)) => {
                assert_eq!(plain(&unknown), [(name.as_str(), text.as_str())]);
            }
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Decode),
            (read, text) => panic!("{text:?} is read as {read:?}"),
        }
    });
}

/// Random names are none of the names that a document has anyway.
fn prop_assume_other(name: &str, fields: &Map<String, Value>) {
    assert!(!fields.contains_key(name) && name.parse::<Field>().is_err());
}

#[test]
fn a_document_with_a_changed_byte_is_refused_or_read_unchanged() {
    let edit = (any::<prop::sample::Index>(), any::<u8>());
    for_all(1_000, (with_id(), edit), |(token, (at, byte))| {
        let document = encode(&token, &Metadata::default(), &UnknownFields::default()).unwrap();
        let mut bytes = document.expose_secret().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        crate::secrets_manager::fuzzing::document(&bytes);
    });
}
