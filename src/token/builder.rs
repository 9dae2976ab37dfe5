//! The builder of a token, and what makes a token valid.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::token::Values;
use crate::{Error, ErrorKind, Field, OAuthToken};

/// Builds an [`OAuthToken`]; made by [`OAuthToken::builder`].
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct OAuthTokenBuilder {
    values: Values,
}

impl OAuthTokenBuilder {
    pub(crate) fn of(values: Values) -> Self {
        OAuthTokenBuilder { values }
    }

    /// Sets a column by its name; the expiry time as a decimal number.
    pub fn field(self, field: Field, value: impl Into<String>) -> Self {
        self.secret(field, wiped(value.into()))
    }

    pub(crate) fn secret(mut self, field: Field, value: SecretString) -> Self {
        self.values[field as usize] = Some(value);
        self
    }

    /// Sets the record's name in the store. Where it is not given, the store makes one.
    ///
    /// The id becomes a part of the secret's name, which is not confidential: neither a user name
    /// nor a token belongs in it.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.field(Field::Id, id)
    }

    /// Sets who granted the token.
    pub fn user_name(self, user_name: impl Into<String>) -> Self {
        self.field(Field::UserName, user_name)
    }

    /// Sets the OAuth client's id.
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        self.field(Field::ClientId, client_id)
    }

    /// Sets the OAuth client's secret.
    pub fn client_secret(self, client_secret: impl Into<String>) -> Self {
        self.field(Field::ClientSecret, client_secret)
    }

    /// Sets the refresh token.
    pub fn refresh_token(self, refresh_token: impl Into<String>) -> Self {
        self.field(Field::RefreshToken, refresh_token)
    }

    /// Sets the access token.
    pub fn access_token(self, access_token: impl Into<String>) -> Self {
        self.field(Field::AccessToken, access_token)
    }

    /// Sets the grant token.
    pub fn grant_token(self, grant_token: impl Into<String>) -> Self {
        self.field(Field::GrantToken, grant_token)
    }

    /// Sets when the access token expires: milliseconds since the Unix epoch, at most 2⁶³ − 1.
    pub fn expiry_time(self, milliseconds: u64) -> Self {
        self.field(Field::ExpiryTime, milliseconds.to_string())
    }

    /// Sets the OAuth client's redirect URL.
    pub fn redirect_url(self, redirect_url: impl Into<String>) -> Self {
        self.field(Field::RedirectUrl, redirect_url)
    }

    /// Sets where API calls go.
    pub fn api_domain(self, api_domain: impl Into<String>) -> Self {
        self.field(Field::ApiDomain, api_domain)
    }

    /// Checks the columns and makes the token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidToken`] when
    ///
    /// * a given column is empty, or the expiry time is not a whole number from 0 to 2⁶³ − 1;
    /// * none of `id`, `user_name`, `access_token`, `grant_token`, `refresh_token` is given: there
    ///   is nothing to find the record by;
    /// * only a refresh or grant token is given to find it by, and not both of `client_id` and
    ///   `client_secret`: these tokens mean something to their client alone.
    pub fn build(mut self) -> Result<OAuthToken, Error> {
        for field in Field::ALL {
            if self.values[field as usize]
                .as_ref()
                .is_some_and(|value| value.expose_secret().is_empty())
            {
                return Err(
                    invalid(format!("`{field}` is empty")).advise("leave out what is not known")
                );
            }
        }
        let given = |field: Field| self.values[field as usize].is_some();
        let by_itself = [Field::Id, Field::UserName, Field::AccessToken]
            .into_iter()
            .any(given);
        let within_a_client = [Field::GrantToken, Field::RefreshToken]
            .into_iter()
            .any(given);
        if !by_itself && !within_a_client {
            return Err(
                invalid("nothing in the token says which record is meant".into())
                    .advise("give an id, user_name, access_token, grant_token or refresh_token"),
            );
        }
        let client = given(Field::ClientId) && given(Field::ClientSecret);
        if !by_itself && !client {
            return Err(invalid(
                "a grant or refresh token alone needs its client to be found".into(),
            )
            .advise("give client_id and client_secret too"));
        }
        let expiry_time = match &self.values[Field::ExpiryTime as usize] {
            None => None,
            Some(value) => Some(parse_expiry_time(value.expose_secret())?),
        };
        // One way to write a number: `007` and `7` are the same time, and equal tokens must have
        // equal columns.
        self.values[Field::ExpiryTime as usize] =
            expiry_time.map(|time| SecretString::from(time.to_string()));
        Ok(OAuthToken::from_checked(self.values, expiry_time))
    }
}

impl fmt::Debug for OAuthTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthTokenBuilder").finish_non_exhaustive()
    }
}

/// A text that is wiped when it is dropped, its former place in memory included.
///
/// `SecretString::from(String)` may move a text to a place of its exact size, and leave it where it
/// was.
pub(crate) fn wiped(text: String) -> SecretString {
    SecretString::from(Zeroizing::new(text).as_str())
}

/// Checks an id that comes without a token.
pub(crate) fn check_id(id: &str) -> Result<(), Error> {
    if id.is_empty() {
        return Err(
            invalid("`id` is empty".into()).advise("give the id that `save_token` answered")
        );
    }
    Ok(())
}

fn parse_expiry_time(value: &str) -> Result<u64, Error> {
    let digits_only = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse::<u64>().ok().filter(|&time| digits_only && i64::try_from(time).is_ok()).ok_or_else(|| {
        invalid("`expiry_time` is not a whole number of milliseconds from 0 to 9223372036854775807".into())
            .advise("give the time at which the access token expires, in milliseconds since 1970-01-01 UTC")
    })
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidToken, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_times_are_whole_milliseconds_in_63_bits() {
        let token = |time: &str| {
            OAuthToken::builder()
                .id("x")
                .field(Field::ExpiryTime, time)
                .build()
        };
        for (given, stored) in [
            ("0", "0"),
            ("1700000000001", "1700000000001"),
            ("007", "7"),
            ("9223372036854775807", "9223372036854775807"),
        ] {
            assert_eq!(
                token(given).unwrap().expose(Field::ExpiryTime),
                Some(stored)
            );
        }
        for bad in [
            "soon",
            "-1",
            "+1",
            "1.5",
            " 1",
            "1 ",
            "",
            "9223372036854775808",
            "99999999999999999999",
            "١",
        ] {
            assert_eq!(
                token(bad).unwrap_err().kind(),
                ErrorKind::InvalidToken,
                "{bad:?}"
            );
        }
        assert!(
            OAuthToken::builder()
                .id("x")
                .expiry_time(u64::MAX)
                .build()
                .is_err()
        );
    }

    #[test]
    fn a_token_needs_something_to_be_found_by() {
        let client = || OAuthToken::builder().client_id("c").client_secret("s");
        assert!(client().build().is_err());
        assert!(client().refresh_token("r").build().is_ok());
        assert!(client().grant_token("g").build().is_ok());
        for alone in [Field::Id, Field::UserName, Field::AccessToken] {
            assert!(OAuthToken::builder().field(alone, "x").build().is_ok());
        }
        for within_a_client in [Field::GrantToken, Field::RefreshToken] {
            assert!(
                OAuthToken::builder()
                    .field(within_a_client, "x")
                    .build()
                    .is_err()
            );
            assert!(
                OAuthToken::builder()
                    .client_id("c")
                    .field(within_a_client, "x")
                    .build()
                    .is_err()
            );
        }
    }
}
