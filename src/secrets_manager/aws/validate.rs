//! Checks of the AWS configuration that need no call: region, endpoint and profile.

use aws_config::SdkConfig;
use aws_config::profile::{self, ProfileFileLoadError};
use aws_sdk_secretsmanager::config::Region;
use aws_types::service_config::ServiceConfigKey;
use http::Uri;

use crate::{Error, ErrorKind};

/// Returns whether a text has the form of a region's name, such as `eu-west-1`.
pub(crate) fn is_region(name: &str) -> bool {
    let mut parts = name.split('-');
    let letters =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase()) && !part.is_empty();
    let number = parts.next_back().is_some_and(|part| {
        matches!(part.len(), 1..=2) && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    number && parts.clone().count() >= 2 && parts.all(letters)
}

pub(crate) fn region(region: Option<&Region>) -> Result<(), Error> {
    let problem = match region.map(Region::as_ref) {
        None | Some("") => "there is no AWS region",
        Some(name) if !is_region(name) => "the AWS region is malformed",
        Some(_) => return Ok(()),
    };
    Err(invalid(problem).advise("set AWS_REGION to a region, for example eu-west-1"))
}

/// Checks the regions to which secrets are replicated.
pub(crate) fn replicas(replicas: &[String], own: Option<&Region>) -> Result<(), Error> {
    let is_own = |replica: &String| own.is_some_and(|own| own.as_ref() == replica);
    let problem = if replicas.iter().any(is_own) {
        "a replica region is the region of the store"
    } else if !replicas.iter().all(|replica| is_region(replica)) {
        "a replica region is malformed"
    } else {
        return Ok(());
    };
    Err(invalid(problem).advise(
        "set `replica_region` or ZOHO_TOKEN_STORE_REPLICA_REGIONS to other regions than the \
         store's, for example eu-central-1",
    ))
}

/// Checks the endpoint that the client will use.
///
/// The endpoint of a client that the caller gives is not public. If it is unusable, calls fail with
/// the same error.
pub(crate) fn endpoint(config: &SdkConfig) -> Result<(), Error> {
    let is_url = |endpoint: &str| {
        let url = endpoint.parse::<Uri>().ok();
        url.is_some_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
        })
    };
    match endpoint_of(config) {
        Some(endpoint) if !is_url(&endpoint) => Err(unusable_endpoint()),
        _ => Ok(()),
    }
}

/// Returns the endpoint as the SDK chooses it: one set in code, then one for Secrets Manager alone
/// (AWS_ENDPOINT_URL_SECRETS_MANAGER, or a `services` section of the profile), then one for all
/// services.
fn endpoint_of(config: &SdkConfig) -> Option<String> {
    let general = || config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return general();
    }
    let key = ServiceConfigKey::builder()
        .service_id("Secrets Manager")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("the key is complete");
    let of_service = config
        .service_config()
        .and_then(|service| service.load_config(key));
    of_service.or_else(general)
}

/// The error of an endpoint that no call can be made to.
pub(super) fn unusable_endpoint() -> Error {
    invalid("the AWS endpoint cannot be used").advise(
        "set AWS_ENDPOINT_URL to a URL with a scheme, for example http://localhost:4566, or leave \
         it out; the same holds for AWS_ENDPOINT_URL_SECRETS_MANAGER, `endpoint_url` in the \
         profile, and an endpoint set in code",
    )
}

/// The error of a FIPS or dual-stack endpoint that does not exist.
pub(super) fn unusable_variant() -> Error {
    invalid(
        "there is no FIPS or dual-stack endpoint in this region, or a custom endpoint is set too",
    )
    .advise(
        "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or AWS_ENDPOINT_URL; the same \
             holds for `use_fips_endpoint` and `use_dualstack_endpoint` in the profile",
    )
}

/// Checks that the profile that AWS_PROFILE names exists. The SDK ignores one that does not, which
/// looks like a missing region or missing credentials.
pub(crate) async fn profile() -> Result<(), Error> {
    let name = std::env::var("AWS_PROFILE").unwrap_or_default();
    // Without any files, the profile `default` is an empty one.
    if name.is_empty() || name == "default" {
        return Ok(());
    }
    let files = Default::default();
    let profiles = profile::load(&Default::default(), &Default::default(), &files, None).await;
    match profiles {
        Ok(profiles) if profiles.get_profile(&name).is_some() => Ok(()),
        Ok(_) => Err(no_profile(&name)),
        Err(cause) => Err(unreadable_profiles(cause)),
    }
}

fn no_profile(name: &str) -> Error {
    invalid(format!("there is no AWS profile `{}`", name.escape_debug()))
        .advise("set AWS_PROFILE to a profile in ~/.aws/config or ~/.aws/credentials, or unset it")
}

fn unreadable_profiles(cause: ProfileFileLoadError) -> Error {
    invalid("the AWS profiles cannot be read")
        .with_source(cause)
        .advise("correct ~/.aws/config and ~/.aws/credentials, or unset AWS_PROFILE")
}

fn invalid(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidConfig, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_endpoint(url: &str) -> Result<(), Error> {
        endpoint(&SdkConfig::builder().endpoint_url(url).build())
    }

    #[test]
    fn an_endpoint_is_a_url_with_scheme_and_host() {
        for good in [
            "http://localhost:4566",
            "https://secretsmanager.eu-west-1.amazonaws.com",
            "https://[::1]:8080/path/",
        ] {
            assert!(with_endpoint(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "localhost:4566",
            "localhost",
            "//localhost",
            "/path",
            "ftp://localhost",
            "http://",
            "http://local host",
            "http:/localhost",
        ] {
            let error = with_endpoint(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{bad}");
            assert!(!error.to_string().contains("try again"), "{error}");
        }
        assert!(endpoint(&SdkConfig::builder().build()).is_ok());
    }

    #[test]
    fn a_region_has_words_and_a_number() {
        for good in [
            "eu-west-1",
            "us-gov-east-1",
            "ap-southeast-7",
            "us-isob-east-1",
        ] {
            assert!(region(Some(&Region::new(good))).is_ok(), "{good}");
        }
        for bad in [
            "",
            "Ireland",
            "EU-WEST-1",
            "eu-west",
            "eu-west-1a",
            "eu-west-+1",
            "eu west 1",
            "eu-west-1/",
        ] {
            let error = region(Some(&Region::new(bad))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{bad}");
        }
        assert!(region(None).is_err());
    }

    #[test]
    fn a_replica_is_in_another_region() {
        let own = Region::new("eu-west-1");
        let check = |regions: &[&str]| {
            let regions: Vec<_> = regions.iter().map(ToString::to_string).collect();
            replicas(&regions, Some(&own)).map_err(|error| error.kind())
        };
        assert_eq!(check(&["us-east-1", "eu-central-1"]), Ok(()));
        for bad in [["us-east-1", "eu-west-1"], ["us-east-1", "Frankfurt"]] {
            assert_eq!(check(&bad), Err(ErrorKind::InvalidConfig), "{bad:?}");
        }
    }
}
