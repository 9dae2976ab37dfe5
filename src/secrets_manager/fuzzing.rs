//! What must hold for any bytes: the bodies of the fuzz targets in `tests/fuzz`, which the unit
//! tests run too, over the corpus and a few thousand inputs made from it.

use std::ffi::OsString;
use std::fmt::Write as _;

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::{SecretsManagerTokenStoreBuilder as Builder, env};
use crate::secrets_manager::format::document::{self, Document, SIZE_LIMIT};
use crate::secrets_manager::format::secret_name::{NAME_LIMIT, SecretNames};
use crate::{ErrorKind, Field};

#[cfg(test)]
mod tests;

/// A secret's value: it is refused, or every field in it is read and written again as it stood.
pub fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Read by another reader, which lets through more: of a field that stands there twice it takes
    // the last.
    let fields = serde_json::from_str::<Map<String, Value>>(text).ok();
    let field = |name: &str| fields.as_ref()?.get(name)?.as_str();
    let id = field("id").unwrap_or("1");
    let (token, metadata, unknown) = match document::decode(id, text) {
        Ok(Document::Record {
            token,
            metadata,
            unknown,
        }) => (token, metadata, unknown),
        Ok(Document::Tombstone) => {
            assert!(field("deleted").is_some(), "a record is taken for none");
            return;
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
            return;
        }
    };
    let mut fields = fields.clone().expect("what is read is JSON");
    let is_tombstone = fields.len() == 3 && fields.contains_key("deleted");
    assert!(!is_tombstone, "a deleted token is read");
    assert_eq!(token.id(), Some(id));
    let rewritten = match document::encode(&token, &metadata, &unknown) {
        Ok(rewritten) => rewritten,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
            assert!(text.len() * 3 > SIZE_LIMIT, "a small document grows");
            return;
        }
    };
    let rewritten = rewritten.expose_secret();
    // The one thing that may be written differently: leading zeros of a number are dropped.
    if let Some(Value::String(time)) = fields.get_mut(Field::ExpiryTime.as_str()) {
        *time = time.parse::<u64>().expect("it is a number").to_string();
    }
    let mut again: Map<_, _> = serde_json::from_str(rewritten).expect("what is written is JSON");
    // What the store notes itself is dropped if it is damaged.
    for fields in [&mut fields, &mut again] {
        let own = ["_write_id", "_index", "_replaced_index", "_unsettled"];
        fields.retain(|name, _| !own.contains(&name.as_str()));
    }
    assert_eq!(again, fields, "a field is lost, added or changed");
    match document::decode(id, rewritten).expect("what is written can be read") {
        Document::Record {
            token: read,
            metadata,
            unknown,
        } => {
            assert_eq!(read, token);
            let thrice = document::encode(&read, &metadata, &unknown).expect("it fits");
            assert_eq!(thrice.expose_secret(), rewritten);
        }
        Document::Tombstone => panic!("a record becomes none"),
    }
}

/// A prefix in the first line, then an id, which is read as the rest of a name too: the way there
/// and back is always the same, and the names are AWS's.
pub fn id(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (prefix, id) = text.split_once('\n').unwrap_or(("zoho/tokens/", text));
    let names = match SecretNames::new(prefix) {
        Ok(names) => names,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
            return;
        }
    };
    if !id.is_empty() {
        match names.name_of(id) {
            Ok(name) => {
                is_a_name(&name, prefix);
                assert_eq!(names.id_of(&name).as_deref(), Some(id));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
                assert!(prefix.len() + 4 * id.len() > NAME_LIMIT - 7);
            }
        }
    }
    for name in [format!("{prefix}{id}"), id.to_owned()] {
        if let Some(id) = names.id_of(&name) {
            is_a_name(&name, prefix);
            assert_eq!(names.name_of(&id).expect("it has a name"), name);
        }
    }
}

/// Whether AWS takes the name of a secret, and it is below the prefix and not the beginning of
/// another secret's ARN.
fn is_a_name(name: &str, prefix: &str) {
    let encoded = name.strip_prefix(prefix).expect("it is below the prefix");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=.@-".contains(c);
    assert!(
        !encoded.is_empty() && encoded.chars().all(allowed),
        "{name}"
    );
    assert!(name.len() <= NAME_LIMIT, "{name}");
    assert_ne!(name.bytes().nth_back(6), Some(b'-'), "{name}");
}

/// Lines of environment variables: they are taken, or refused with an error that depends on the
/// names alone.
pub fn settings(data: &[u8]) {
    let lines = data.split(|&byte| byte == b'\n');
    let variables: Vec<(OsString, OsString)> = lines
        .filter_map(|line| {
            let sign = line.iter().position(|&byte| byte == b'=')?;
            Some((os_string(&line[..sign]), os_string(&line[sign + 1..])))
        })
        .collect();
    match env::apply(Builder::default(), variables.clone()) {
        Ok(builder) => {
            if let Err(error) = builder.check() {
                assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
            let mut shown = String::new();
            write!(shown, "{error} {error:?}").expect("memory can be written to");
            // An empty value is malformed for every setting.
            let names = || variables.iter().map(|(name, _)| name.clone());
            let each = names().map(|name| vec![name]);
            let explained = each.chain([names().collect()]).any(|names| {
                let empty = names.into_iter().map(|name| (name, OsString::new()));
                env::apply(Builder::default(), empty)
                    .is_err_and(|error| format!("{error} {error:?}") == shown)
            });
            assert!(explained, "a value is shown: {shown}");
        }
    }
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
