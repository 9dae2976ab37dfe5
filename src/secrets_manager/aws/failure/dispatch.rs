//! Calls that did not reach AWS.

use std::error::Error as StdError;

use super::cause::UNUSABLE_ENDPOINT;
use crate::secrets_manager::aws::validate;
use crate::{Error, ErrorKind};

/// Reads why a call was not sent, or got no response.
pub(super) fn of_dispatch(cause: Option<&(dyn StdError + 'static)>) -> Error {
    let texts: Vec<_> = std::iter::successors(cause, |&cause| cause.source())
        .map(ToString::to_string)
        .collect();
    let any = |matches: fn(&str) -> bool| texts.iter().any(|text| matches(text));
    if any(is_about_variant) {
        return validate::unusable_variant();
    }
    if any(is_about_endpoint) {
        return validate::unusable_endpoint();
    }
    if any(|text| text.contains("credential") || text.contains("identity")) {
        let what = match any(|text| text.contains("was not enabled")) {
            true => "there are no AWS credentials",
            false => "the AWS credentials could not be loaded",
        };
        return Error::new(ErrorKind::Unauthenticated, what).advise(
            "give this process a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY",
        );
    }
    unavailable("AWS could not be reached".into())
}

/// The SDK's type for it is not public, so its texts tell: those of `apply_endpoint` and of Secrets
/// Manager's endpoint rules.
fn is_about_endpoint(text: &str) -> bool {
    [UNUSABLE_ENDPOINT, "Invalid Configuration"]
        .iter()
        .any(|beginning| text.starts_with(beginning))
        || text == "No endpoint rule matched"
}

/// FIPS or dual-stack endpoints are wanted where AWS has none, or together with a custom endpoint.
fn is_about_variant(text: &str) -> bool {
    let rule = text.strip_prefix("Invalid Configuration: ").unwrap_or(text);
    ["FIPS", "DualStack", "Dualstack"]
        .iter()
        .any(|variant| rule.starts_with(variant))
}

pub(super) const UNAVAILABLE_ADVICE: &str =
    "try again; if it keeps failing, check the network, the region and AWS_ENDPOINT_URL";

pub(super) fn unavailable(what: String) -> Error {
    Error::new(ErrorKind::Unavailable, what).advise(UNAVAILABLE_ADVICE)
}
