//! The vectors of documents: records, tombstones, and values that are refused.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;

use super::super::document::{self, Document, Metadata};
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
    }
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
