//! The ten columns of a token, by name.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// One of the ten columns of an [`OAuthToken`](crate::OAuthToken).
///
/// The names are those of the `oauthtoken` table in Zoho's guide and of the JSON document in a
/// secret. Going through the columns by name is what imports and exports need:
///
/// ```
/// use zoho_token_store::{Field, OAuthToken};
///
/// # fn main() -> Result<(), zoho_token_store::Error> {
/// let row = [("id", "1"), ("user_name", "ada@example.com:7"), ("access_token", "1000.aa")];
/// let mut token = OAuthToken::builder();
/// for (column, value) in row {
///     token = token.field(column.parse::<Field>()?, value);
/// }
/// assert_eq!(token.build()?.user_name(), Some("ada@example.com:7"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Field {
    /// The record's name in the store.
    Id,
    /// Who granted the token.
    UserName,
    /// The OAuth client's id.
    ClientId,
    /// The OAuth client's secret.
    ClientSecret,
    /// The refresh token.
    RefreshToken,
    /// The access token.
    AccessToken,
    /// The grant token.
    GrantToken,
    /// When the access token expires, in milliseconds since the Unix epoch.
    ExpiryTime,
    /// The OAuth client's redirect URL.
    RedirectUrl,
    /// Where API calls go.
    ApiDomain,
}

impl Field {
    /// All columns, in the order of the guide's table.
    pub const ALL: &'static [Field] = &[
        Field::Id,
        Field::UserName,
        Field::ClientId,
        Field::ClientSecret,
        Field::RefreshToken,
        Field::AccessToken,
        Field::GrantToken,
        Field::ExpiryTime,
        Field::RedirectUrl,
        Field::ApiDomain,
    ];

    /// The column's name, for example `refresh_token`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Id => "id",
            Field::UserName => "user_name",
            Field::ClientId => "client_id",
            Field::ClientSecret => "client_secret",
            Field::RefreshToken => "refresh_token",
            Field::AccessToken => "access_token",
            Field::GrantToken => "grant_token",
            Field::ExpiryTime => "expiry_time",
            Field::RedirectUrl => "redirect_url",
            Field::ApiDomain => "api_domain",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Field {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidToken`] for a name that is none of the ten columns.
    fn from_str(name: &str) -> Result<Self, Error> {
        Field::ALL.iter().copied().find(|field| field.as_str() == name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidToken, format!("a token has no field `{}`", name.escape_debug())).advise(
                "the fields are id, user_name, client_id, client_secret, refresh_token, access_token, \
                 grant_token, \
                 expiry_time, redirect_url and api_domain",
            )
        })
    }
}
