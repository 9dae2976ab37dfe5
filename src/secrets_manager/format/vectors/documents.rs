//! The vectors of documents: records, tombstones, and values that are refused.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::super::document::{self, Document, Metadata};
use super::super::write_id::WriteId;
use super::{pairs, text, vectors};
use crate::{ErrorKind, Field};

#[test]
fn documents() {
    for vector in vectors("documents") {
        let read = document::decode(text(vector, "id"), text(vector, "document"));
        let Ok(Document::Record { token, unknown, .. }) = read else {
            panic!("{vector} is a record's: {read:?}");
        };
        let columns = Field::ALL
            .iter()
            .copied()
            .filter_map(|field| Some((field.as_str().to_owned(), token.expose(field)?.to_owned())));
        assert_eq!(
            columns.collect::<BTreeMap<_, _>>(),
            pairs(&vector["columns"])
        );
        let written =
            document::encode(&token, &Metadata::default(), &unknown).expect("it can be written");
        assert_eq!(written.expose_secret(), text(vector, "written"));
        assert_eq!(written.expose_secret(), document_of(vector));
    }
}

#[test]
fn own_fields() {
    for vector in vectors("own_fields") {
        let read = document::decode(text(vector, "id"), text(vector, "document"));
        let Ok(Document::Record {
            token,
            metadata,
            unknown,
        }) = read
        else {
            panic!("{vector} is a record's: {read:?}");
        };
        let columns = super::token(&vector["columns"]).to_builder();
        let columns = match vector["accounts_url"].as_str() {
            Some(url) => columns.accounts_url(url),
            None => columns,
        };
        assert_eq!(token, columns.build().expect("a valid token"), "{vector}");
        let lease = metadata.refresh_lease.as_deref();
        assert_eq!(lease, vector["refresh_lease"].as_str(), "{vector}");
        let write_id = metadata.write_id.as_ref().map(WriteId::as_str);
        assert_eq!(write_id, vector["write_id"].as_str(), "{vector}");
        for (member, index) in [
            ("index", &metadata.index),
            ("replaced_index", &metadata.replaced_index),
            ("unsettled", &metadata.unsettled),
        ] {
            assert_eq!(index.to_text(), text(vector, member), "{vector}");
        }
        let written = document::encode(&token, &metadata, &unknown).expect("it can be written");
        assert_eq!(written.expose_secret(), text(vector, "written"));
        assert_eq!(written.expose_secret(), document_of(vector));
    }
}

/// Returns the document that consists of the vector's members.
fn document_of(vector: &Value) -> String {
    let columns = pairs(&vector["columns"]);
    let columns = Field::ALL
        .iter()
        .filter_map(|field| Some((field.as_str(), columns.get(field.as_str())?.as_str())));
    let own = [
        ("accounts_url", "accounts_url"),
        ("_write_id", "write_id"),
        ("_index", "index"),
        ("_replaced_index", "replaced_index"),
        ("_unsettled", "unsettled"),
        ("refresh_lease", "refresh_lease"),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, member)| Some((name, vector[member].as_str()?)))
        .filter(|(_, value)| !value.is_empty());
    let unknown = vector["unknown"].as_array().expect("a list").iter();
    let unknown = unknown.map(|pair| {
        let part = |part: usize| pair[part].as_str().expect("a text");
        (part(0), part(1))
    });
    let members = [("schema_version", "1")].into_iter();
    let members = members.chain(columns).chain(own).chain(unknown);
    let members = members.map(|(name, value)| format!("{}:{}", json!(name), json!(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[test]
fn refused_documents() {
    for vector in vectors("refused_documents") {
        let read = document::decode(text(vector, "id"), text(vector, "document"));
        let error = read.expect_err(text(vector, "reason"));
        assert_eq!(error.kind(), ErrorKind::Decode, "{vector}");
        let newer = error.to_string().contains("newer version of this crate");
        assert_eq!(Some(newer), vector["newer"].as_bool(), "{vector}");
    }
}

#[test]
fn tombstones() {
    for vector in vectors("tombstones") {
        let (id, document) = (text(vector, "id"), text(vector, "document"));
        let deleted = text(vector, "deleted").parse().expect("nanoseconds");
        let deleted = SystemTime::UNIX_EPOCH + Duration::from_nanos(deleted);
        let written = document::encode_tombstone(id, deleted);
        assert_eq!(written.expose_secret(), document);
        let read = document::decode(id, document);
        assert!(matches!(read, Ok(Document::Tombstone)), "{vector}");
    }
}

#[test]
fn tombstones_read() {
    for vector in vectors("tombstones_read") {
        let read = document::decode(text(vector, "id"), text(vector, "document"));
        match read.unwrap_or_else(|error| panic!("{vector}: {error}")) {
            Document::Tombstone => assert_eq!(vector["tombstone"], true, "{vector}"),
            Document::Record {
                token,
                metadata,
                unknown,
            } => {
                assert_eq!(vector["tombstone"], false, "{vector}");
                let written = document::encode(&token, &metadata, &unknown);
                let written = written.expect("it can be written");
                assert_eq!(written.expose_secret(), text(vector, "written"));
            }
        }
    }
}
