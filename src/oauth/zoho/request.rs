//! The requests to Zoho's accounts server, as forms.

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, ErrorKind, Field, OAuthToken};

/// The form that exchanges a refresh token for an access token.
pub(crate) fn refresh(record: &OAuthToken) -> Result<SecretString, Error> {
    let [refresh_token, client_id, client_secret] = required(
        record,
        [Field::RefreshToken, Field::ClientId, Field::ClientSecret],
    )?;
    Ok(form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", client_id),
        ("client_secret", client_secret),
    ]))
}

/// The form that exchanges a grant token for a refresh token and an access token.
pub(crate) fn grant(record: &OAuthToken) -> Result<SecretString, Error> {
    let [code, client_id, client_secret] = required(
        record,
        [Field::GrantToken, Field::ClientId, Field::ClientSecret],
    )?;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", client_id),
        ("client_secret", client_secret),
    ];
    fields.extend(record.redirect_url().map(|url| ("redirect_uri", url)));
    Ok(form(&fields))
}

/// The form that revokes a token.
pub(crate) fn revoke(token: &SecretString) -> SecretString {
    form(&[("token", token.expose_secret())])
}

fn required<const N: usize>(record: &OAuthToken, fields: [Field; N]) -> Result<[&str; N], Error> {
    let mut values = [""; N];
    for (value, field) in values.iter_mut().zip(fields) {
        *value = record.expose(field).ok_or_else(|| {
            let problem =
                format!("the record has no `{field}`, without which Zoho issues no token");
            Error::new(ErrorKind::NeedsLogin, problem)
                .advise("save it with the token, or log in again")
        })?;
    }
    Ok(values)
}

/// Encodes a form in memory that is large enough: a string that grows is moved, and the memory that
/// it leaves is not wiped.
fn form(fields: &[(&str, &str)]) -> SecretString {
    let length: usize = fields
        .iter()
        .map(|(name, value)| 3 * (name.len() + value.len()) + 2)
        .sum();
    let encoded = Zeroizing::new(String::with_capacity(length));
    let mut serializer = form_urlencoded::Serializer::new(Moved(encoded));
    serializer.extend_pairs(fields);
    SecretString::from(serializer.finish().as_str())
}

/// A string that `form_urlencoded` can write to.
struct Moved(Zeroizing<String>);

impl form_urlencoded::Target for Moved {
    type Finished = Zeroizing<String>;

    fn as_mut_string(&mut self) -> &mut String {
        &mut self.0
    }

    fn finish(self) -> Zeroizing<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    #[test]
    fn forms_have_the_fields_that_zoho_asks_for() {
        let record = token(
            "id=1 client_id=c client_secret=s&+ refresh_token=r%/ grant_token=g redirect_url=https://a/b?c",
        );
        assert_eq!(
            refresh(&record).unwrap().expose_secret(),
            "grant_type=refresh_token&refresh_token=r%25%2F&client_id=c&client_secret=s%26%2B"
        );
        assert_eq!(
            grant(&record).unwrap().expose_secret(),
            "grant_type=authorization_code&code=g&client_id=c&client_secret=s%26%2B&\
             redirect_uri=https%3A%2F%2Fa%2Fb%3Fc"
        );
        assert_eq!(revoke(&"x y".into()).expose_secret(), "token=x+y");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = refresh(&token("id=1 refresh_token=r client_id=c")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsLogin);
        assert!(error.to_string().contains("`client_secret`"));
    }
}
