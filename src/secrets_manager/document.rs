//! The JSON document in a secret: one flat object of strings, so that the AWS console shows it as a
//! table.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::{Error, ErrorKind, Field, OAuthToken};

/// The largest value of a secret, in bytes (AWS's quotas for Secrets Manager).
pub(super) const SIZE_LIMIT: usize = 65_536;

const SCHEMA_VERSION: &str = "schema_version";
const CURRENT_SCHEMA: u64 = 1;

/// Marks the version that a deletion leaves behind, so that a restored secret holds no token. Its
/// value is the time of the deletion.
const DELETED: &str = "deleted";

/// The value of a secret of this store.
#[derive(Debug)]
pub(super) enum Document {
    Record {
        token: OAuthToken,
        unknown: UnknownFields,
    },
    Tombstone,
}

/// Fields of a document that this version does not know and keeps when it writes.
#[derive(Clone, Default)]
pub(super) struct UnknownFields(Arc<[(String, SecretString)]>);

impl UnknownFields {
    /// How many bytes they take in memory.
    pub(super) fn size(&self) -> usize {
        let sizes = self
            .0
            .iter()
            .map(|field| size_of_val(field) + field.0.len() + field.1.expose_secret().len());
        sizes.sum()
    }
}

impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} unknown fields", self.0.len())
    }
}

/// The document of a record.
pub(super) fn encode(token: &OAuthToken, unknown: &UnknownFields) -> Result<String, Error> {
    let columns = Field::ALL
        .into_iter()
        .filter_map(|field| Some((field.as_str(), token.expose(field)?)));
    let kept = unknown
        .0
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()));
    let document = flat_object(columns.chain(kept));
    if document.len() > SIZE_LIMIT {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "the token's document has {} bytes, and a secret holds {SIZE_LIMIT}",
                document.len()
            ),
        )
        .advise(
            "a token of Zoho's has a few hundred bytes: look at what was put into its fields",
        ));
    }
    Ok(document)
}

/// The document that stands for "deleted".
///
/// With the time in it no two are the same: put twice as the same version, one of them would be
/// taken for a repetition of the other.
pub(super) fn encode_tombstone(id: &str, now: SystemTime) -> String {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let time = since.as_nanos().to_string();
    flat_object([(Field::Id.as_str(), id), (DELETED, time.as_str())].into_iter())
}

fn flat_object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut document = format!("{{\"{SCHEMA_VERSION}\":\"{CURRENT_SCHEMA}\"");
    for (name, value) in fields {
        // Writing a JSON string cannot fail; `Value` writes it without a second way to escape.
        document.push_str(&format!(",{}:{}", Value::from(name), Value::from(value)));
    }
    document.push('}');
    document
}

/// Reads the document in the secret of the record with this id.
///
/// Whatever is not exactly such a document is an error that names what is wrong, never a value.
pub(super) fn decode(id: &str, document: &str) -> Result<Document, Error> {
    let fields: UniqueFields =
        serde_json::from_str(document).map_err(|cause| damaged(describe_json_error(&cause)))?;
    let text = |value: Value, name: &str| match value {
        Value::String(text) => Ok(text),
        _ => Err(damaged(format!(
            "its field `{}` is not a string",
            printable(name)
        ))),
    };

    let mut schema = None;
    for (_, value) in fields.0.iter().filter(|(name, _)| name == SCHEMA_VERSION) {
        schema = value
            .as_str()
            .and_then(|version| version.parse::<u64>().ok());
    }
    match schema {
        Some(CURRENT_SCHEMA) => {}
        Some(newer) if newer > CURRENT_SCHEMA => {
            return Err(Error::new(
                ErrorKind::Decode,
                format!(
                    "the secret was written by a newer version of this crate (schema {newer}, \
                     this one knows {CURRENT_SCHEMA})"
                ),
            )
            .advise("update the crate zoho-token-store in this service"));
        }
        _ => {
            return Err(damaged(format!(
                "it has no `{SCHEMA_VERSION}` that is a number in a string"
            )));
        }
    }

    let mut token = OAuthToken::builder();
    let mut unknown = Vec::new();
    let mut tombstone = false;
    for (name, value) in fields.0 {
        let value = text(value, &name)?;
        match name.parse::<Field>() {
            Ok(field) => token = token.field(field, value),
            Err(_) if name == SCHEMA_VERSION => {}
            Err(_) if name == DELETED => tombstone = true,
            Err(_) => unknown.push((name, SecretString::from(value))),
        }
    }
    let token = token
        .build()
        .map_err(|cause| damaged("its token is not valid".into()).with_shared_source(&cause))?;
    if token.id() != Some(id) {
        return Err(damaged(
            "its `id` is not the one in the secret's name".into(),
        ));
    }
    Ok(if tombstone {
        Document::Tombstone
    } else {
        Document::Record {
            token,
            unknown: UnknownFields(unknown.into()),
        }
    })
}

fn damaged(what: String) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the secret's value is not the document of a token: {what}"),
    )
    .advise(
        "it is left as it is; put an earlier version back (its staging label is AWSPREVIOUS), \
         delete the secret, or use another prefix",
    )
}

/// serde_json's own text, which tells the place and the problem but no value: values are read as
/// any JSON.
fn describe_json_error(cause: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match cause.classify() {
        Category::Data => "it is not a flat JSON object, or names a field twice",
        Category::Eof => "it ends too early",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    format!("{what} (line {}, column {})", cause.line(), cause.column())
}

fn printable(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_debug).collect()
}

/// The fields of an object, none of them twice.
struct UniqueFields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for UniqueFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = UniqueFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueFields, A::Error> {
                let mut fields = Vec::<(String, Value)>::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a field stands there twice"));
                    }
                    fields.push((name, value));
                }
                Ok(UniqueFields(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(document: &str) -> (OAuthToken, UnknownFields) {
        match decode("1", document).unwrap() {
            Document::Record { token, unknown } => (token, unknown),
            Document::Tombstone => panic!("a tombstone"),
        }
    }

    #[test]
    fn the_document_is_flat_and_in_the_order_of_the_columns() {
        let token = OAuthToken::builder()
            .access_token("a\"\n")
            .expiry_time(5)
            .id("1")
            .user_name("ü")
            .build()
            .unwrap();
        let document = encode(&token, &UnknownFields::default()).unwrap();
        assert_eq!(
            document,
            r#"{"schema_version":"1","id":"1","user_name":"ü","access_token":"a\"\n","expiry_time":"5"}"#
        );
        assert_eq!(record(&document).0, token);
    }

    #[test]
    fn unknown_fields_are_kept() {
        let (token, unknown) = record(r#"{"schema_version":"1","id":"1","note":"x","scope":"y"}"#);
        assert_eq!(
            encode(&token, &unknown).unwrap(),
            r#"{"schema_version":"1","id":"1","note":"x","scope":"y"}"#
        );
        assert_eq!(format!("{unknown:?}"), "2 unknown fields");
    }

    #[test]
    fn a_tombstone_is_no_record() {
        assert!(matches!(
            decode("1", &encode_tombstone("1", SystemTime::now())).unwrap(),
            Document::Tombstone
        ));
    }

    #[test]
    fn a_newer_schema_says_so_whatever_else_it_holds() {
        let error = decode("1", r#"{"schema_version":"2","id":{"new":["shape"]}}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(
            error.to_string().contains("schema 2") && error.to_string().contains("update"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_document_is_refused_and_not_shown() {
        let refused = [
            "",
            "secret",
            "null",
            "42",
            "[]",
            "\"secret\"",
            "{\"schema_version\":\"1\",\"id\":\"1\"",
            "{}",
            "\u{feff}{\"schema_version\":\"1\",\"id\":\"1\"}",
            r#"{"id":"1","access_token":"secret"}"#,
            r#"{"schema_version":1,"id":"1"}"#,
            r#"{"schema_version":"one","id":"1"}"#,
            r#"{"schema_version":"0","id":"1"}"#,
            r#"{"schema_version":"1","access_token":"secret"}"#,
            r#"{"schema_version":"1","id":"2","access_token":"secret"}"#,
            r#"{"schema_version":"1","id":"1","access_token":["secret"]}"#,
            r#"{"schema_version":"1","id":"1","access_token":null}"#,
            r#"{"schema_version":"1","id":"1","access_token":""}"#,
            r#"{"schema_version":"1","id":"1","access_token":"secret","access_token":"secret"}"#,
            r#"{"schema_version":"1","id":"1","expiry_time":1700000000001}"#,
            r#"{"schema_version":"1","id":"1","expiry_time":"secret"}"#,
            r#"{"schema_version":"1","id":"1","more":{"secret":1}}"#,
            r#"{"schema_version":"1","id":"1"} secret"#,
        ];
        for document in refused {
            let error = decode("1", document).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{document}");
            assert!(
                !format!("{error} {error:?}").contains("\"secret\""),
                "{error:?}"
            );
        }
    }

    #[test]
    fn the_size_limit_counts_bytes() {
        let token = |length| {
            OAuthToken::builder()
                .id("1")
                .access_token("é".repeat(length))
                .build()
                .unwrap()
        };
        let frame = encode(&token(1), &UnknownFields::default()).unwrap().len() - 2;
        let most = (SIZE_LIMIT - frame) / 2;
        assert!(encode(&token(most), &UnknownFields::default()).is_ok());
        assert_eq!(
            encode(&token(most + 1), &UnknownFields::default())
                .unwrap_err()
                .kind(),
            ErrorKind::TooLarge
        );
    }
}
