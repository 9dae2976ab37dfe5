//! The token: ten columns, validated when built, and unable to print what is secret in it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use crate::{Error, ErrorKind, Field};

/// A token of Zoho's OAuth, or a part of one: every column is optional, and a column that is given is not empty.
///
/// A whole token is what [`TokenStore`](crate::TokenStore) stores and answers; a part of one is what a store is
/// asked with. Cloning is cheap (one reference count), and no output shows more than a record's id and which
/// columns it has.
///
/// ```
/// use zoho_token_store::{ExposeSecret, OAuthToken};
///
/// # fn main() -> Result<(), zoho_token_store::Error> {
/// let token = OAuthToken::builder()
///     .user_name("ada@example.com:7")
///     .access_token("1000.aa")
///     .expiry_time(1_700_000_000_000)
///     .build()?;
/// assert_eq!(token.access_token().map(|value| value.expose_secret()), Some("1000.aa"));
/// assert!(!format!("{token:?}").contains("1000.aa"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OAuthToken {
    columns: Arc<Columns>,
}

/// The values by column. All of them are wiped from memory when the last clone is dropped.
struct Columns {
    values: [Option<SecretString>; Field::ALL.len()],
    expiry_time: Option<u64>,
}

impl OAuthToken {
    /// A builder without any column.
    pub fn builder() -> OAuthTokenBuilder {
        OAuthTokenBuilder::default()
    }

    /// A builder that holds this token's columns.
    pub fn to_builder(&self) -> OAuthTokenBuilder {
        OAuthTokenBuilder {
            values: self.columns.values.clone(),
        }
    }

    /// The column's value in plain text, if it is given; the expiry time as a decimal number.
    ///
    /// For exports and for stores. The value may be a secret: keep it out of logs.
    pub fn expose(&self, field: Field) -> Option<&str> {
        self.secret(field).map(|value| value.expose_secret())
    }

    /// The record's name in the store: opaque, unique in it.
    pub fn id(&self) -> Option<&str> {
        self.expose(Field::Id)
    }

    /// Who granted the token: the SDK's `UserSignature`, usually `<email>:<org id>`.
    pub fn user_name(&self) -> Option<&str> {
        self.expose(Field::UserName)
    }

    /// The OAuth client's id.
    pub fn client_id(&self) -> Option<&str> {
        self.expose(Field::ClientId)
    }

    /// The OAuth client's secret.
    pub fn client_secret(&self) -> Option<&SecretString> {
        self.secret(Field::ClientSecret)
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.secret(Field::RefreshToken)
    }

    /// The access token.
    pub fn access_token(&self) -> Option<&SecretString> {
        self.secret(Field::AccessToken)
    }

    /// The grant token.
    pub fn grant_token(&self) -> Option<&SecretString> {
        self.secret(Field::GrantToken)
    }

    /// When the access token expires: milliseconds since the Unix epoch.
    ///
    /// Zoho's SDKs call the field `expires_in`, though it is a point in time.
    pub fn expiry_time(&self) -> Option<u64> {
        self.columns.expiry_time
    }

    /// The OAuth client's redirect URL.
    pub fn redirect_url(&self) -> Option<&str> {
        self.expose(Field::RedirectUrl)
    }

    /// Where API calls go, for example `https://www.zohoapis.eu`.
    pub fn api_domain(&self) -> Option<&str> {
        self.expose(Field::ApiDomain)
    }

    /// Whether the access token is known to expire within this time from now, or has.
    ///
    /// Zoho's SDKs refresh a token that expires within five seconds. A token without an expiry time does not expire.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use zoho_token_store::OAuthToken;
    /// # fn main() -> Result<(), zoho_token_store::Error> {
    /// let token = OAuthToken::builder().access_token("1000.aa").expiry_time(1).build()?;
    /// assert!(token.expires_within(Duration::from_secs(5)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn expires_within(&self, time: Duration) -> bool {
        self.is_expired_at(SystemTime::now() + time)
    }

    pub(crate) fn is_expired_at(&self, when: SystemTime) -> bool {
        let Some(expiry_time) = self.columns.expiry_time else {
            return false;
        };
        // A clock before 1970 is wrong, and a wrong clock is no reason to trust a token.
        when.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(true, |now| now.as_millis() >= u128::from(expiry_time))
    }

    fn secret(&self, field: Field) -> Option<&SecretString> {
        self.columns.values[field as usize].as_ref()
    }
}

/// All ten columns are equal, byte for byte.
impl PartialEq for OAuthToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.columns, &other.columns)
            || Field::ALL
                .into_iter()
                .all(|field| self.expose(field) == other.expose(field))
    }
}

impl Eq for OAuthToken {}

impl fmt::Debug for OAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = f.debug_struct("OAuthToken");
        for field in Field::ALL {
            match self.expose(field) {
                None => {}
                Some(value) if matches!(field, Field::Id | Field::ExpiryTime) => {
                    output.field(field.as_str(), &value);
                }
                Some(_) => {
                    output.field(field.as_str(), &format_args!("[redacted]"));
                }
            }
        }
        output.finish()
    }
}

/// Builds an [`OAuthToken`]; made by [`OAuthToken::builder`].
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct OAuthTokenBuilder {
    values: [Option<SecretString>; Field::ALL.len()],
}

impl OAuthTokenBuilder {
    /// Sets a column by its name; the expiry time as a decimal number.
    pub fn field(mut self, field: Field, value: impl Into<String>) -> Self {
        self.values[field as usize] = Some(SecretString::from(value.into()));
        self
    }

    /// Sets the record's name in the store. Where it is not given, the store makes one.
    ///
    /// The id becomes a part of the secret's name, which is not confidential: neither a user name nor a token
    /// belongs in it.
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
    /// * none of `id`, `user_name`, `access_token`, `grant_token`, `refresh_token` is given: there is nothing to
    ///   find the record by;
    /// * only a refresh or grant token is given to find it by, and not both of `client_id` and `client_secret`:
    ///   these tokens mean something to their client alone.
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
        // One way to write a number: `007` and `7` are the same time, and equal tokens must have equal columns.
        self.values[Field::ExpiryTime as usize] =
            expiry_time.map(|time| SecretString::from(time.to_string()));
        Ok(OAuthToken {
            columns: Arc::new(Columns {
                values: self.values,
                expiry_time,
            }),
        })
    }
}

impl fmt::Debug for OAuthTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthTokenBuilder").finish_non_exhaustive()
    }
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
    fn expiry_is_at_the_millisecond_and_a_clock_before_1970_trusts_nothing() {
        let token = OAuthToken::builder()
            .id("x")
            .expiry_time(5_000)
            .build()
            .unwrap();
        let at = |milliseconds| SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds);
        assert!(!token.is_expired_at(at(4_999)));
        assert!(token.is_expired_at(at(5_000)));
        assert!(token.is_expired_at(SystemTime::UNIX_EPOCH - Duration::from_secs(1)));
        assert!(
            !OAuthToken::builder()
                .id("x")
                .build()
                .unwrap()
                .is_expired_at(at(u32::MAX.into()))
        );
    }

    #[test]
    fn only_id_and_expiry_time_can_be_seen() {
        let mut builder = OAuthToken::builder();
        for field in Field::ALL {
            let value = if field == Field::ExpiryTime {
                "42".into()
            } else {
                format!("secret-of-{field}")
            };
            builder = builder.field(field, value);
        }
        assert_eq!(format!("{builder:?}"), "OAuthTokenBuilder { .. }");
        let output = format!("{:#?}", builder.build().unwrap());
        assert_eq!(output.matches("secret-of-").count(), 1, "{output}");
        assert!(output.contains("secret-of-id") && output.contains("42"));
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
