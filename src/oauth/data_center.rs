//! Zoho's data centres: the accounts server and the API server of each.

use std::sync::Arc;

use http::Uri;

use crate::{Error, ErrorKind};

/// A data centre of Zoho. A token works only with the servers of its user's data centre.
///
/// ```
/// use zoho_token_store::DataCenter;
///
/// assert_eq!(DataCenter::Eu.accounts_url(), "https://accounts.zoho.eu");
/// assert_eq!("ca".parse::<DataCenter>()?.api_domain(), "https://www.zohoapis.ca");
/// # Ok::<(), zoho_token_store::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataCenter {
    /// United States: `accounts.zoho.com`.
    Us,
    /// Europe: `accounts.zoho.eu`.
    Eu,
    /// India: `accounts.zoho.in`.
    In,
    /// China: `accounts.zoho.com.cn`.
    Cn,
    /// Australia: `accounts.zoho.com.au`.
    Au,
    /// Japan: `accounts.zoho.jp`.
    Jp,
    /// Canada: `accounts.zohocloud.ca`.
    Ca,
    /// Saudi Arabia: `accounts.zoho.sa`.
    Sa,
    /// Other servers; made by [`DataCenter::custom`].
    Custom(CustomDataCenter),
}

/// The servers of a [`DataCenter::Custom`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomDataCenter {
    accounts_url: Arc<str>,
    api_domain: Arc<str>,
}

impl DataCenter {
    /// All data centres of Zoho.
    pub const ALL: &'static [DataCenter] = &[
        DataCenter::Us,
        DataCenter::Eu,
        DataCenter::In,
        DataCenter::Cn,
        DataCenter::Au,
        DataCenter::Jp,
        DataCenter::Ca,
        DataCenter::Sa,
    ];

    /// Returns a data centre with these servers, for tests and proxies: URLs without a path, such as
    /// `https://accounts.example.com`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if one of them is not such a URL. Only a server on this machine
    /// (`localhost` or a loopback address) may be reached by `http`: requests contain the client
    /// secret and the refresh token.
    pub fn custom(accounts_url: &str, api_domain: &str) -> Result<Self, Error> {
        Ok(DataCenter::Custom(CustomDataCenter {
            accounts_url: server(accounts_url)?.into(),
            api_domain: server(api_domain)?.into(),
        }))
    }

    /// Returns the URL of the accounts server, without a slash at its end.
    pub fn accounts_url(&self) -> &str {
        match self {
            DataCenter::Us => "https://accounts.zoho.com",
            DataCenter::Eu => "https://accounts.zoho.eu",
            DataCenter::In => "https://accounts.zoho.in",
            DataCenter::Cn => "https://accounts.zoho.com.cn",
            DataCenter::Au => "https://accounts.zoho.com.au",
            DataCenter::Jp => "https://accounts.zoho.jp",
            DataCenter::Ca => "https://accounts.zohocloud.ca",
            DataCenter::Sa => "https://accounts.zoho.sa",
            DataCenter::Custom(custom) => &custom.accounts_url,
        }
    }

    /// Returns the URL of the API server, without a slash at its end.
    pub fn api_domain(&self) -> &str {
        match self {
            DataCenter::Us => "https://www.zohoapis.com",
            DataCenter::Eu => "https://www.zohoapis.eu",
            DataCenter::In => "https://www.zohoapis.in",
            DataCenter::Cn => "https://www.zohoapis.com.cn",
            DataCenter::Au => "https://www.zohoapis.com.au",
            DataCenter::Jp => "https://www.zohoapis.jp",
            DataCenter::Ca => "https://www.zohoapis.ca",
            DataCenter::Sa => "https://www.zohoapis.sa",
            DataCenter::Custom(custom) => &custom.api_domain,
        }
    }

    /// Returns the data centre whose accounts server has this URL, if it is one of Zoho's.
    pub fn of_accounts_url(url: &str) -> Option<DataCenter> {
        let url = url.strip_suffix('/').unwrap_or(url);
        let mut all = Self::ALL.iter();
        all.find(|known| known.accounts_url() == url).cloned()
    }

    /// Returns the data centre whose API server has this URL, if it is one of Zoho's: that of
    /// production, the sandbox or the developer edition.
    pub(crate) fn of_api_domain(url: &str) -> Option<DataCenter> {
        let url = url.strip_suffix('/').unwrap_or(url);
        let (_, domain) = edition(url)?;
        let mut all = Self::ALL.iter();
        let is_its =
            |known: &&DataCenter| edition(known.api_domain()) == Some((PRODUCTION, domain));
        all.find(is_its).cloned()
    }
}

/// The first part of the host of an API server: production, and what has its own data.
pub(crate) const PRODUCTION: &str = "www";
const EDITIONS: [&str; 3] = [PRODUCTION, "sandbox", "developer"];

/// Splits the URL of an API server into its edition and its domain, if it has one of these editions.
pub(crate) fn edition(url: &str) -> Option<(&str, &str)> {
    let parts = url.strip_prefix("https://")?.split_once('.')?;
    EDITIONS.contains(&parts.0).then_some(parts)
}

impl std::str::FromStr for DataCenter {
    type Err = Error;

    /// Parses the two letters of one of Zoho's data centres: `us`, `eu`, `in`, `cn`, `au`, `jp`, `ca`
    /// or `sa`.
    fn from_str(name: &str) -> Result<Self, Error> {
        let names = ["us", "eu", "in", "cn", "au", "jp", "ca", "sa"];
        let lower = name.to_ascii_lowercase();
        let position = names.iter().position(|known| *known == lower);
        position
            .map(|position| Self::ALL[position].clone())
            .ok_or_else(|| {
                Error::new(ErrorKind::InvalidConfig, "unknown Zoho data centre")
                    .advise("the data centres are us, eu, in, cn, au, jp, ca and sa")
            })
    }
}

/// Checks the URL of a server, and returns it without a slash at its end.
pub(crate) fn server(url: &str) -> Result<&str, Error> {
    let text = url.strip_suffix('/').unwrap_or(url);
    let is_server = text.parse::<Uri>().is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let scheme = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_this_machine(host),
            _ => false,
        };
        let authority = uri.authority().map(http::uri::Authority::as_str);
        let has_user = authority.is_some_and(|authority| authority.contains('@'));
        scheme && !host.is_empty() && !has_user && uri.path() == "/" && uri.query().is_none()
    });
    match is_server {
        true => Ok(text),
        false => Err(Error::new(
            ErrorKind::InvalidConfig,
            "the URL of a server of Zoho is malformed",
        )
        .advise(
            "give a URL without a path, for example https://accounts.zoho.eu; http is allowed for \
             localhost only",
        )),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let ip = address.parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_centre_has_servers_of_its_own() {
        let mut urls: Vec<_> = DataCenter::ALL
            .iter()
            .flat_map(|known| [known.accounts_url(), known.api_domain()])
            .collect();
        assert!(
            urls.iter()
                .all(|url| server(url).is_ok_and(|same| same == *url))
        );
        urls.sort_unstable();
        urls.dedup();
        assert_eq!(urls.len(), 16);
        for known in DataCenter::ALL {
            let url = format!("{}/", known.accounts_url());
            assert_eq!(DataCenter::of_accounts_url(&url).as_ref(), Some(known));
        }
        assert_eq!(
            DataCenter::of_accounts_url("https://accounts.zoho.evil"),
            None
        );
        for known in DataCenter::ALL {
            for edition in ["www", "sandbox", "developer"] {
                let url = known.api_domain().replacen("www", edition, 1);
                for url in [format!("{url}/"), url] {
                    assert_eq!(
                        DataCenter::of_api_domain(&url).as_ref(),
                        Some(known),
                        "{url}"
                    );
                }
            }
        }
        for url in [
            "https://www.zohoapis.evil",
            "https://www.zohoapis.eu.evil",
            "https://evil.zohoapis.eu",
            "http://www.zohoapis.eu",
            "https://www.zohoapis.eu//",
            "www.zohoapis.eu",
            "",
        ] {
            assert_eq!(DataCenter::of_api_domain(url), None, "{url}");
        }
        assert!("xx".parse::<DataCenter>().is_err());
    }

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        for good in [
            "https://accounts.example.com",
            "https://accounts.example.com:8443/",
            "http://127.0.0.1:80",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert!(server(good).is_ok(), "{good}");
        }
        for bad in [
            "http://accounts.zoho.eu",
            "accounts.zoho.eu",
            "https://",
            "https://accounts.zoho.eu/oauth",
            "https://accounts.zoho.eu?x",
            "https://user@accounts.zoho.eu",
            "ftp://localhost",
            "",
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }
}
