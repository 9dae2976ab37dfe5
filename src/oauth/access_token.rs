//! The access token that a provider returns.

use std::fmt;
use std::time::SystemTime;

use http::HeaderValue;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::data_center::DataCenter;
use crate::OAuthToken;

/// An access token to call Zoho's APIs with. Cloning is cheap, and no output shows its value.
#[derive(Clone)]
pub struct AccessToken {
    record: OAuthToken,
    data_center: DataCenter,
    is_saved: bool,
}

impl AccessToken {
    /// The access token of a record that has one.
    #[inline]
    pub(crate) fn of(record: OAuthToken, data_center: DataCenter, is_saved: bool) -> Option<Self> {
        record.access_token()?;
        Some(AccessToken {
            record,
            data_center,
            is_saved,
        })
    }

    /// Returns the value.
    pub fn value(&self) -> &SecretString {
        let value = self.record.access_token();
        value.expect("an access token is made of a record that has one")
    }

    /// Returns the value of the header `Authorization`: `Zoho-oauthtoken …`. It is marked as
    /// sensitive, so that HTTP clients do not log it.
    ///
    /// An access token with control characters, which Zoho does not issue, is left out.
    pub fn authorization_header(&self) -> HeaderValue {
        let value = self.value().expose_secret();
        let text = Zeroizing::new(format!("Zoho-oauthtoken {value}"));
        let header = HeaderValue::from_str(&text);
        let mut header = header.unwrap_or(HeaderValue::from_static("Zoho-oauthtoken"));
        header.set_sensitive(true);
        header
    }

    /// Returns the URL to which API calls go, for example `https://www.zohoapis.eu`.
    pub fn api_domain(&self) -> &str {
        let stored = self.record.api_domain();
        stored.unwrap_or_else(|| self.data_center.api_domain())
    }

    /// Returns when it expires, if that is known.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.record.expires_at()
    }

    /// Returns whether the store has it. If not, Zoho has issued it, and the store could not be
    /// reached: the provider tries again at a later call.
    pub fn is_saved(&self) -> bool {
        self.is_saved
    }

    /// Returns the whole record.
    pub fn record(&self) -> &OAuthToken {
        &self.record
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("id", &self.record.id())
            .field("expiry_time", &self.record.expiry_time())
            .field("is_saved", &self.is_saved)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    #[test]
    fn the_header_is_sensitive_and_nothing_shows_the_value() {
        let record = token("id=1 access_token=1000.secret expiry_time=5");
        let access = AccessToken::of(record, DataCenter::Eu, true).unwrap();
        let header = access.authorization_header();
        assert!(header.is_sensitive());
        assert_eq!(header.to_str().unwrap(), "Zoho-oauthtoken 1000.secret");
        assert!(!format!("{access:?}{header:?}").contains("secret"));
        assert_eq!(access.api_domain(), "https://www.zohoapis.eu");
        let stored = token("id=1 access_token=a api_domain=https://x");
        let access = AccessToken::of(stored, DataCenter::Eu, true).unwrap();
        assert_eq!(access.api_domain(), "https://x");
        assert!(AccessToken::of(token("id=1"), DataCenter::Eu, true).is_none());
    }

    #[test]
    fn a_value_that_cannot_be_sent_makes_no_header() {
        let record = OAuthToken::builder().id("1").access_token("a\nb");
        let access = AccessToken::of(record.build().unwrap(), DataCenter::Us, true).unwrap();
        assert_eq!(access.authorization_header(), "Zoho-oauthtoken");
    }
}
