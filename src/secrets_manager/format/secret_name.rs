//! Ids and secret names: a reversible encoding under a prefix.

use std::fmt;

use crate::{Error, ErrorKind};

/// The longest name of a secret. AWS allows 512 characters, some of its tools only 256.
pub(crate) const NAME_LIMIT: usize = 256;

/// The length that the encoded id of a generated record needs after the prefix.
const GENERATED_ID_LENGTH: usize = 64;

/// The escape character: allowed in a secret's name, but not among the characters that are kept.
const ESCAPE: char = '=';

/// The names of a store's secrets: the prefix followed by the encoded id.
///
/// ASCII letters, digits and `_.+@-` are kept; every other byte of the id becomes `=` and two
/// hexadecimal digits. An encoded id contains no `/`, and a prefix ends in one, so two stores have no
/// name in common, even if one prefix begins with the other.
#[derive(Clone)]
pub(crate) struct SecretNames {
    prefix: String,
}

impl SecretNames {
    pub(crate) fn new(prefix: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        let problem = if prefix.is_empty() {
            "it is empty"
        } else if !prefix.ends_with('/') {
            "it does not end in `/`"
        } else if prefix.starts_with('/') || prefix.contains("//") {
            "it begins with `/` or contains `//`"
        } else if !prefix.bytes().all(allowed) {
            "it contains a character that AWS does not allow in the name of a secret"
        } else if prefix.len() + GENERATED_ID_LENGTH > NAME_LIMIT {
            "it is too long: it leaves no room for the ids"
        } else {
            return Ok(SecretNames {
                prefix: prefix.to_owned(),
            });
        };
        Err(Error::new(
            ErrorKind::InvalidConfig,
            format!("the prefix is invalid: {problem}"),
        )
        .advise(format!(
            "set ZOHO_TOKEN_STORE_PREFIX or `prefix` to at most {} letters, digits and /_+=.@-, \
             ending in `/`, for example `zoho/tokens/`",
            NAME_LIMIT - GENERATED_ID_LENGTH
        )))
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the name of the secret for the record with this id.
    pub(crate) fn name_of(&self, id: &str) -> Result<String, Error> {
        let mut name = self.prefix.clone();
        for &byte in id.as_bytes() {
            if byte.is_ascii_alphanumeric() || b"_.+@-".contains(&byte) {
                name.push(char::from(byte));
            } else {
                name.push(ESCAPE);
                name.extend(
                    [byte >> 4, byte & 15]
                        .map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
                );
            }
        }
        // A name that ends in a hyphen and six characters looks like the end of another secret's ARN
        // ("Do not end your secret name with a hyphen followed by six characters", CreateSecret). An
        // escape character at the end escapes nothing, so it serves as padding.
        while name.len() >= 7 && name.as_bytes()[name.len() - 7] == b'-' {
            name.push(ESCAPE);
        }
        if name.len() > NAME_LIMIT {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the id is too long: the secret's name would have {} characters, and may have \
                     {NAME_LIMIT}",
                    name.len()
                ),
            )
            .advise("use a shorter id, or none: the store generates one"));
        }
        Ok(name)
    }

    /// Returns the id of the record in the secret with this name, or `None` if the name is not one
    /// of this store's.
    pub(crate) fn id_of(&self, name: &str) -> Option<String> {
        let mut rest = name
            .strip_prefix(&self.prefix)?
            .trim_end_matches(ESCAPE)
            .bytes();
        let mut id = Vec::with_capacity(rest.len());
        while let Some(byte) = rest.next() {
            if byte == ESCAPE as u8 {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                id.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
            } else {
                id.push(byte);
            }
        }
        let id = String::from_utf8(id).ok().filter(|id| !id.is_empty())?;
        // An id has one name: other spellings of it are refused.
        (self.name_of(&id).ok()? == name).then_some(id)
    }
}

impl fmt::Debug for SecretNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.prefix)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> SecretNames {
        SecretNames::new("zoho/tokens/").unwrap()
    }

    #[test]
    fn names_are_readable_and_allowed() {
        let cases = [
            ("1", "zoho/tokens/1"),
            ("ada@example.com", "zoho/tokens/ada@example.com"),
            ("a/b", "zoho/tokens/a=2Fb"),
            ("a=b", "zoho/tokens/a=3Db"),
            ("é 💡", "zoho/tokens/=C3=A9=20=F0=9F=92=A1"),
            ("token-abcdef", "zoho/tokens/token-abcdef="),
            ("token--bcdef", "zoho/tokens/token--bcdef=="),
            ("a--------", "zoho/tokens/a--------======="),
        ];
        for (id, name) in cases {
            assert_eq!(names().name_of(id).unwrap(), name);
            assert_eq!(names().id_of(name).as_deref(), Some(id));
        }
    }

    #[test]
    fn foreign_names_have_no_id() {
        let foreign = [
            "zoho/tokens/",
            "zoho/tokens/a/b",
            "zoho/tokens/=2f",
            "zoho/tokens/=61",
            "zoho/tokens/=G0",
            "zoho/tokens/=2",
            "zoho/tokens/=FF",
            "zoho/tokens/a=",
            "zoho/tokens/a b",
            "zoho/other/a",
            "zoho/tokens/token-abcdef",
        ];
        for name in foreign {
            assert_eq!(names().id_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_hyphen_in_the_prefix_is_padded_too() {
        let names = SecretNames::new("zoho-dev/").unwrap();
        let name = names.name_of("12").unwrap();
        assert_eq!(name, "zoho-dev/12=");
        assert_eq!(names.id_of(&name).as_deref(), Some("12"));
    }

    #[test]
    fn a_name_over_the_limit_is_an_error() {
        let room = NAME_LIMIT - "zoho/tokens/".len();
        assert!(names().name_of(&"x".repeat(room)).is_ok());
        assert_eq!(
            names().name_of(&"x".repeat(room + 1)).unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        assert_eq!(
            names().name_of(&"é".repeat(room / 2)).unwrap_err().kind(),
            ErrorKind::TooLarge
        );
    }

    #[test]
    fn prefixes_that_could_match_other_secrets_are_refused() {
        for bad in [
            "",
            "*",
            "/",
            "zoho",
            "zoho/*",
            "zoho*/",
            "/zoho/",
            "zoho//",
            "zoho tokens/",
            "zöho/",
            &format!("{}/", "x".repeat(192)),
        ] {
            assert_eq!(
                SecretNames::new(bad).unwrap_err().kind(),
                ErrorKind::InvalidConfig,
                "{bad:?}"
            );
        }
        assert!(SecretNames::new(&format!("{}/", "x".repeat(191))).is_ok());
    }
}
