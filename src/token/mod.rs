//! The token: ten columns that are validated when it is built, and that it does not print.

pub(crate) mod builder;
mod field;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

pub use builder::OAuthTokenBuilder;
pub use field::Field;

/// A token of Zoho's OAuth, or a part of one: every column is optional, and a column that is given
/// is not empty.
///
/// A [`TokenStore`](crate::TokenStore) stores and returns whole tokens, and finds them by a part of
/// one. Cloning is cheap (one reference count), and no output shows more than a record's id, its
/// expiry time and which columns it has.
///
/// ```
/// use std::time::Duration;
/// use zoho_token_store::{ExposeSecret, OAuthToken};
///
/// # fn main() -> Result<(), zoho_token_store::Error> {
/// let token = OAuthToken::builder()
///     .user_name("ada@example.com:7")
///     .access_token("1000.aa")
///     .expires_in(Duration::from_secs(3600))
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

/// The values by column, wiped from memory when the last clone is dropped.
struct Columns {
    values: Values,
    expiry_time: Option<u64>,
    accounts_url: Option<String>,
}

/// A reference to a token that does not keep it from being wiped.
pub(crate) struct WeakToken(Weak<Columns>);

impl WeakToken {
    /// Returns the token, unless its last clone has been dropped.
    pub(crate) fn upgrade(&self) -> Option<OAuthToken> {
        self.0.upgrade().map(|columns| OAuthToken { columns })
    }
}

/// A value or none for every column, in the order of [`Field::ALL`].
pub(crate) type Values = [Option<SecretString>; Field::ALL.len()];

impl OAuthToken {
    /// Returns a builder without any column.
    pub fn builder() -> OAuthTokenBuilder {
        OAuthTokenBuilder::default()
    }

    /// Returns a builder that holds this token's columns.
    pub fn to_builder(&self) -> OAuthTokenBuilder {
        let accounts_url = self.columns.accounts_url.clone();
        OAuthTokenBuilder::of(self.columns.values.clone(), accounts_url)
    }

    /// Returns the column's value in plain text, if it is given; the expiry time as a decimal
    /// number.
    ///
    /// For exports and stores. The value may be a secret: keep it out of logs.
    pub fn expose(&self, field: Field) -> Option<&str> {
        self.secret(field).map(|value| value.expose_secret())
    }

    /// The record's id: opaque, and unique in the store.
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

    /// When the access token expires, as far as the system's clock can represent it.
    pub fn expires_at(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.columns.expiry_time?))
    }

    /// The OAuth client's redirect URL.
    pub fn redirect_url(&self) -> Option<&str> {
        self.expose(Field::RedirectUrl)
    }

    /// Where API calls go, for example `https://www.zohoapis.eu`.
    pub fn api_domain(&self) -> Option<&str> {
        self.expose(Field::ApiDomain)
    }

    /// The URL of the accounts server that issued the token, for example `https://accounts.zoho.eu`.
    ///
    /// It is not one of the ten columns: it does not identify a token.
    pub fn accounts_url(&self) -> Option<&str> {
        self.columns.accounts_url.as_deref()
    }

    /// Returns whether the access token is known to have expired, or to do so within this time.
    ///
    /// Zoho's SDKs refresh a token that expires within five seconds. A token without an expiry time
    /// does not expire.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use zoho_token_store::OAuthToken;
    /// # fn main() -> Result<(), zoho_token_store::Error> {
    /// let lifetime = Duration::from_secs(60);
    /// let token = OAuthToken::builder().access_token("1000.aa").expires_in(lifetime).build()?;
    /// assert!(token.expires_within(Duration::from_secs(90)));
    /// assert!(!token.expires_within(Duration::from_secs(5)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn expires_within(&self, time: Duration) -> bool {
        self.is_expired_at(SystemTime::now() + time)
    }

    fn is_expired_at(&self, when: SystemTime) -> bool {
        let Some(expiry_time) = self.columns.expiry_time else {
            return false;
        };
        // A clock before 1970 is wrong, and a wrong clock is no reason to trust a token.
        when.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(true, |now| now.as_millis() >= u128::from(expiry_time))
    }

    /// Makes a token of values that the builder has checked.
    pub(crate) fn from_checked(
        values: Values,
        expiry_time: Option<u64>,
        accounts_url: Option<String>,
    ) -> Self {
        OAuthToken {
            columns: Arc::new(Columns {
                values,
                expiry_time,
                accounts_url,
            }),
        }
    }

    /// How many bytes its columns take in memory.
    pub(crate) fn size(&self) -> usize {
        let values = Field::ALL.iter().filter_map(|&field| self.expose(field));
        let accounts_url = self.accounts_url().map_or(0, str::len);
        size_of::<Columns>() + values.map(str::len).sum::<usize>() + accounts_url
    }

    pub(crate) fn downgrade(&self) -> WeakToken {
        WeakToken(Arc::downgrade(&self.columns))
    }

    /// How many clones of it there are.
    #[cfg(test)]
    pub(crate) fn clones(&self) -> usize {
        Arc::strong_count(&self.columns)
    }

    fn secret(&self, field: Field) -> Option<&SecretString> {
        self.columns.values[field as usize].as_ref()
    }
}

/// Two tokens are equal if all ten columns and the accounts URL are, byte for byte.
impl PartialEq for OAuthToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.columns, &other.columns)
            || (Field::ALL
                .iter()
                .all(|&field| self.expose(field) == other.expose(field))
                && self.accounts_url() == other.accounts_url())
    }
}

impl Eq for OAuthToken {}

impl fmt::Debug for OAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = f.debug_struct("OAuthToken");
        for &field in Field::ALL {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for &field in Field::ALL {
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
}
