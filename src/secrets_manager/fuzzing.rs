//! Properties of any input: the bodies of the fuzz targets in `tests/fuzz`. The unit tests run them,
//! too, with the corpus and a few thousand inputs derived from it.

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

/// A secret's value is refused, or each of its fields is read and written again unchanged.
pub fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Another reader for comparison. It accepts more: of a field that occurs twice it takes the last.
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
            assert!(
                field("deleted").is_some(),
                "a record is read as a tombstone"
            );
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
    // The only difference: leading zeros of the expiry time are dropped.
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
    match document::decode(id, rewritten).expect("a written document can be read") {
        Document::Record {
            token: read,
            metadata,
            unknown,
        } => {
            assert_eq!(read, token);
            let thrice = document::encode(&read, &metadata, &unknown).expect("it fits");
            assert_eq!(thrice.expose_secret(), rewritten);
        }
        Document::Tombstone => panic!("a record becomes a tombstone"),
    }
}

/// The input is a prefix in the first line, and then an id, which is also used as the rest of a name.
/// An id has one name, which AWS allows, and a name has at most one id.
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

/// Checks that AWS allows the name of a secret, and that it is under the prefix and not the beginning
/// of another secret's ARN.
fn is_a_name(name: &str, prefix: &str) {
    let encoded = name
        .strip_prefix(prefix)
        .expect("the name is under the prefix");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=.@-".contains(c);
    assert!(
        !encoded.is_empty() && encoded.chars().all(allowed),
        "{name}"
    );
    assert!(name.len() <= NAME_LIMIT, "{name}");
    assert_ne!(name.bytes().nth_back(6), Some(b'-'), "{name}");
}

/// The input is lines of environment variables. They are accepted, or refused with an error that
/// depends on the names alone.
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
            // For every setting an empty value is malformed.
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
