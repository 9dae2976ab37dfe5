//! The JSON document in a secret: a flat object of strings, which the AWS console shows as a table.

mod fields;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};

use self::fields::UniqueFields;

use super::tags::Index;
use super::write_id::WriteId;
use crate::wiped_json::Value;
use crate::{Error, ErrorKind, Field, OAuthToken};

/// The maximum size of a secret's value in bytes (AWS's quotas for Secrets Manager).
pub(crate) const SIZE_LIMIT: usize = 65_536;

const SCHEMA_VERSION: &str = "schema_version";
const CURRENT_SCHEMA: &str = "1";

/// The field of a tombstone, the version that a deletion writes so that a restored secret holds no
/// token. Its value is the time of the deletion.
const DELETED: &str = "deleted";

/// The accounts server that issued the token, beside the ten columns.
const ACCOUNTS_URL: &str = "accounts_url";

/// Who refreshes the token, while somebody does, or why nobody can. Stores that do not know the field
/// keep it.
const REFRESH_LEASE: &str = "refresh_lease";

/// The write that made the version. It makes the content of every version unique: AWS takes a put of
/// the same content under the same version id for a repetition.
const WRITE_ID: &str = "_write_id";

/// The index tags that belong to the record, and those that it has replaced.
const INDEX: &str = "_index";
const REPLACED_INDEX: &str = "_replaced_index";

/// While another process may have inserted the same token under another name: the fields that have
/// not changed since the record was inserted, each with the write that inserted it.
const UNSETTLED: &str = "_unsettled";

/// The document in a secret of this store.
#[derive(Debug)]
pub(crate) enum Document {
    Record {
        token: OAuthToken,
        metadata: Metadata,
        unknown: UnknownFields,
    },
    Tombstone,
}

/// What the store itself notes in a document, beside the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// `None` if another program wrote the document.
    pub(crate) write_id: Option<WriteId>,
    pub(crate) index: Index,
    pub(crate) replaced_index: Index,
    /// While a record of the same token may exist under another name: the fields that have not
    /// changed since the record was inserted, each with the write that inserted it.
    pub(crate) unsettled: Index,
    /// What the processes that refresh the token have agreed on.
    pub(crate) refresh_lease: Option<String>,
}

impl Metadata {
    /// The same, of a record whose tags are unknown: all that the document names are replaced.
    pub(crate) fn without_index(&self) -> Self {
        Metadata {
            index: Index::default(),
            replaced_index: self.index.clone(),
            ..self.clone()
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if let Some(write_id) = &self.write_id {
            fields.push((WRITE_ID, write_id.as_str().to_owned()));
        }
        for (name, index) in [
            (INDEX, &self.index),
            (REPLACED_INDEX, &self.replaced_index),
            (UNSETTLED, &self.unsettled),
        ] {
            if !index.is_empty() {
                fields.push((name, index.to_text()));
            }
        }
        if let Some(lease) = &self.refresh_lease {
            fields.push((REFRESH_LEASE, lease.clone()));
        }
        fields
    }

    /// Takes a field of a document; returns whether it is one of these.
    fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            WRITE_ID => self.write_id = WriteId::parse(value),
            INDEX => self.index = Index::parse(value),
            REPLACED_INDEX => self.replaced_index = Index::parse(value),
            UNSETTLED => self.unsettled = Index::parse(value),
            REFRESH_LEASE => self.refresh_lease = Some(value.to_owned()),
            _ => return false,
        }
        true
    }
}

/// The fields of a document that this version does not know. They are kept when it is rewritten.
#[derive(Clone, Default)]
pub(crate) struct UnknownFields(Arc<[(String, SecretString)]>);

impl UnknownFields {
    /// Returns the size of the fields in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
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

/// Returns the document of a record.
pub(crate) fn encode(
    token: &OAuthToken,
    metadata: &Metadata,
    unknown: &UnknownFields,
) -> Result<SecretString, Error> {
    let columns = Field::ALL
        .iter()
        .filter_map(|&field| Some((field.as_str(), token.expose(field)?)));
    let kept = unknown
        .0
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()));
    let accounts_url = token.accounts_url().map(|url| (ACCOUNTS_URL, url));
    let metadata = metadata.fields();
    let noted = metadata.iter().map(|(name, value)| (*name, value.as_str()));
    let document = flat_object(columns.chain(accounts_url).chain(noted).chain(kept));
    let length = document.expose_secret().len();
    if length > SIZE_LIMIT {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "the token has {length} bytes as JSON, and a secret holds at most {SIZE_LIMIT}"
            ),
        )
        .advise("check the fields of the token: a token of Zoho has a few hundred bytes"));
    }
    Ok(document)
}

/// Returns the document of a deleted record.
///
/// The time makes each one different. If two deletions put the same document as the same version,
/// AWS would treat the second as a repetition of the first.
pub(crate) fn encode_tombstone(id: &str, now: SystemTime) -> SecretString {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let time = since.as_nanos().to_string();
    flat_object([(Field::Id.as_str(), id), (DELETED, time.as_str())].into_iter())
}

/// Writes into memory of the right size. A string that grows is moved, and the memory that it
/// leaves is not wiped.
fn flat_object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> SecretString {
    let in_memory = "writing to memory does not fail";
    let mut length = Length(0);
    write_object(&mut length, fields.clone()).expect(in_memory);
    let mut document = Vec::with_capacity(length.0);
    write_object(&mut document, fields).expect(in_memory);
    SecretString::from(String::from_utf8(document).expect("JSON is text"))
}

fn write_object<'a>(
    out: &mut impl Write,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> io::Result<()> {
    write!(out, "{{\"{SCHEMA_VERSION}\":\"{CURRENT_SCHEMA}\"")?;
    for (name, value) in fields {
        out.write_all(b",")?;
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"}")
}

/// Counts the bytes that are written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the document in the secret of the record with this id.
///
/// Returns an error if it is anything else. The error says what is wrong and contains no value.
pub(crate) fn decode(id: &str, document: &str) -> Result<Document, Error> {
    let fields: UniqueFields =
        serde_json::from_str(document).map_err(|cause| damaged(describe_json_error(&cause)))?;
    check_schema(&fields)?;

    let mut token = OAuthToken::builder();
    let mut metadata = Metadata::default();
    let mut unknown = Vec::new();
    let is_tombstone = is_tombstone(&fields);
    for (name, value) in fields.0 {
        let field = name.parse::<Field>().ok();
        let Value::Text(value) = value else {
            return Err(damaged(match field {
                Some(field) => format!("its field `{field}` is not a string"),
                // An unknown name is not shown: it may be a token in the wrong place.
                None => "a field that is not part of a token is not a string".into(),
            }));
        };
        match field {
            Some(field) => token = token.secret(field, value),
            None if name == SCHEMA_VERSION => {}
            // An empty one, which a store that does not know the field may have kept, is none.
            None if name == ACCOUNTS_URL => {
                if !value.expose_secret().is_empty() {
                    token = token.accounts_url(value.expose_secret());
                }
            }
            None if metadata.take(&name, value.expose_secret()) => {}
            None => unknown.push((name, value)),
        }
    }
    let token = token
        .build()
        .map_err(|cause| damaged("its token is not valid".into()).with_shared_source(&cause))?;
    if token.id() != Some(id) {
        return Err(damaged(
            "its `id` differs from the one in the secret's name".into(),
        ));
    }
    Ok(if is_tombstone {
        Document::Tombstone
    } else {
        Document::Record {
            token,
            metadata,
            unknown: UnknownFields(unknown.into()),
        }
    })
}

/// A tombstone has exactly the fields that [`encode_tombstone`] writes. A record to which somebody
/// has added a field `deleted` is still a record.
fn is_tombstone(fields: &UniqueFields) -> bool {
    let names = [SCHEMA_VERSION, Field::Id.as_str(), DELETED];
    fields.0.len() == names.len() && names.iter().all(|name| fields.get(name).is_some())
}

fn check_schema(fields: &UniqueFields) -> Result<(), Error> {
    let schema = match fields.get(SCHEMA_VERSION) {
        Some(Value::Text(schema)) => schema.expose_secret(),
        _ => "",
    };
    if schema == CURRENT_SCHEMA {
        return Ok(());
    }
    match schema.parse::<u64>() {
        Ok(newer) if newer > 1 => Err(Error::new(
            ErrorKind::Decode,
            format!(
                "the secret was written by a newer version of this crate (schema {newer}; this \
                 version reads schema {CURRENT_SCHEMA})"
            ),
        )
        .advise("update the crate zoho-token-store in this service")),
        _ => Err(damaged(format!(
            "it has no `{SCHEMA_VERSION}`, which must be a number in a string"
        ))),
    }
}

fn damaged(what: String) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the secret's value is not the document of a token: {what}"),
    )
    .advise(
        "the secret is left unchanged; look at its value in the AWS console, and correct it or make \
         an earlier version current again (the previous one has the staging label AWSPREVIOUS), or \
         use another prefix",
    )
}

/// Describes the error without serde_json's text, which may contain a part of the document.
fn describe_json_error(cause: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match cause.classify() {
        Category::Data => "it is not a flat JSON object, or has a field twice",
        Category::Eof => "it is incomplete JSON",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    format!("{what} (line {}, column {})", cause.line(), cause.column())
}
