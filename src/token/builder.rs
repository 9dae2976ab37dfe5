//! The builder of a token, and what makes a token valid.

use std::fmt;
use std::time::{Duration, SystemTime};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::token::Values;
use crate::{Error, ErrorKind, Field, OAuthToken};

/// Builds an [`OAuthToken`]; made by [`OAuthToken::builder`].
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct OAuthTokenBuilder {
    values: Values,
    accounts_url: Option<String>,
}

impl OAuthTokenBuilder {
    pub(crate) fn of(values: Values, accounts_url: Option<String>) -> Self {
        OAuthTokenBuilder {
            values,
            accounts_url,
        }
    }

    /// Sets a column by its name; the expiry time as a decimal number.
    pub fn field(self, field: Field, value: impl Into<String>) -> Self {
        self.secret(field, wiped(value.into()))
    }

    pub(crate) fn secret(mut self, field: Field, value: SecretString) -> Self {
        self.values[field as usize] = Some(value);
        self
    }

    /// Clears a column.
    pub(crate) fn without(mut self, field: Field) -> Self {
        self.values[field as usize] = None;
        self
    }

    /// Sets the record's name in the store. If it is not given, the store generates one.
    ///
    /// The id becomes part of the secret's name, which is not confidential: do not put a user name
    /// or a token into it.
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

    /// Sets the lifetime of the access token from now on, as Zoho returns it in `expires_in`
    /// (seconds).
    ///
    /// The lifetime counts from this call. Zoho counts it from the request, so subtract the time since
    /// the request was sent.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use zoho_token_store::OAuthToken;
    /// # fn main() -> Result<(), zoho_token_store::Error> {
    /// let token = OAuthToken::builder()
    ///     .access_token("1000.aa")
    ///     .expires_in(Duration::from_secs(3600))
    ///     .build()?;
    /// assert!(!token.expires_within(Duration::from_secs(60)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn expires_in(self, lifetime: Duration) -> Self {
        match SystemTime::now().checked_add(lifetime) {
            Some(time) => self.expires_at(time),
            None => self.expiry_time(u64::MAX),
        }
    }

    /// Sets when the access token expires, rounded down to milliseconds.
    ///
    /// `build` fails for a time before 1970.
    pub fn expires_at(self, time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let milliseconds = since
            .ok()
            .and_then(|since| since.as_millis().try_into().ok());
        // A time that does not fit is refused by `build`, as the largest number is.
        self.expiry_time(milliseconds.unwrap_or(u64::MAX))
    }

    /// Sets when the access token expires, in milliseconds since the Unix epoch, at most 2⁶³ − 1.
    ///
    /// This is the column as Zoho's SDKs store it. Seconds would be a time in 1970:
    /// [`expires_in`](Self::expires_in) and [`expires_at`](Self::expires_at) are harder to get wrong.
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

    /// Sets the URL of the accounts server that issued the token, for example
    /// `https://accounts.zoho.eu`.
    ///
    /// It is kept beside the ten columns, and no record is found by it.
    pub fn accounts_url(mut self, url: impl Into<String>) -> Self {
        self.accounts_url = Some(url.into());
        self
    }

    /// Checks the columns and returns the token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidToken`] if
    ///
    /// * a given column or the accounts URL is empty, or the expiry time is not a whole number from 0 to 2⁶³ − 1;
    /// * none of `id`, `user_name`, `access_token`, `grant_token`, `refresh_token` is given: there
    ///   is nothing to find the record by;
    /// * a refresh or grant token is all there is to find it by, and `client_id` or `client_secret`
    ///   is missing: these tokens are only valid with their client.
    pub fn build(mut self) -> Result<OAuthToken, Error> {
        for &field in Field::ALL {
            if self.values[field as usize]
                .as_ref()
                .is_some_and(|value| value.expose_secret().is_empty())
            {
                return Err(
                    invalid(format!("`{field}` is empty")).advise("leave out what is not known")
                );
            }
        }
        if self.accounts_url.as_deref() == Some("") {
            return Err(
                invalid("`accounts_url` is empty".into()).advise("leave out what is not known")
            );
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
                "a grant or refresh token alone is only found together with its client".into(),
            )
            .advise("give client_id and client_secret too"));
        }
        let expiry_time = match &self.values[Field::ExpiryTime as usize] {
            None => None,
            Some(value) => Some(parse_expiry_time(value.expose_secret())?),
        };
        // `007` and `7` are the same time, and equal tokens must have equal columns.
        self.values[Field::ExpiryTime as usize] =
            expiry_time.map(|time| SecretString::from(time.to_string()));
        let accounts_url = self.accounts_url;
        Ok(OAuthToken::from_checked(
            self.values,
            expiry_time,
            accounts_url,
        ))
    }
}

impl fmt::Debug for OAuthTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthTokenBuilder").finish_non_exhaustive()
    }
}

/// Returns a text that is wiped from memory when it is dropped, without leaving a copy behind.
///
/// `SecretString::from(String)` may move a text to an allocation of its exact size, and does not wipe
/// the one it leaves.
pub(crate) fn wiped(text: String) -> SecretString {
    SecretString::from(Zeroizing::new(text).as_str())
}

/// Checks an id that is given without a token.
pub(crate) fn check_id(id: &str) -> Result<(), Error> {
    if id.is_empty() {
        return Err(
            invalid("`id` is empty".into()).advise("give the id that `save_token` returned")
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
    fn an_expiry_is_a_lifetime_or_a_point_in_time() {
        let token = |builder: OAuthTokenBuilder| builder.id("x").build();
        let second = Duration::from_secs(1);
        let at = SystemTime::UNIX_EPOCH + second;
        let token_at = token(OAuthToken::builder().expires_at(at)).unwrap();
        assert_eq!(token_at.expiry_time(), Some(1_000));
        let earlier = SystemTime::UNIX_EPOCH - second;
        assert!(token(OAuthToken::builder().expires_at(earlier)).is_err());
        assert!(token(OAuthToken::builder().expires_in(Duration::MAX)).is_err());
        let hour = token(OAuthToken::builder().expires_in(second * 3_600)).unwrap();
        assert!(!hour.expires_within(second * 3_000) && hour.expires_within(second * 3_601));
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
