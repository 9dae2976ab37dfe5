//! Responses that are not Secrets Manager's: of a proxy, of another service, too large, cut off.

use std::error::Error as StdError;

use super::dispatch::unavailable;
use crate::secrets_manager::aws::bodies;
use crate::{Error, ErrorKind};

const FOREIGN_ADVICE: &str = "check AWS_ENDPOINT_URL, and whether a proxy (HTTPS_PROXY) or a firewall responds instead of AWS";

/// The endpoint responded, but not as Secrets Manager does.
pub(super) fn foreign(action: &'static str, status: Option<u16>) -> Error {
    let status = status.map_or_else(String::new, |status| {
        format!(", but with HTTP status {status}")
    });
    let what = format!(
        "the endpoint did not respond to {} as Secrets Manager does{status}",
        call_of(action)
    );
    Error::new(ErrorKind::Unavailable, what).advise(FOREIGN_ADVICE)
}

/// The response could not be read.
pub(super) fn of_response(action: &'static str, cause: Option<&(dyn StdError + 'static)>) -> Error {
    let mut causes = std::iter::successors(cause, |&cause| cause.source());
    if causes.any(bodies::is_too_large) {
        let what = format!(
            "the response to {} is larger than any of Secrets Manager's",
            call_of(action)
        );
        return Error::new(ErrorKind::Unavailable, what).advise(FOREIGN_ADVICE);
    }
    unavailable(format!("the response to {} was cut off", call_of(action)))
}

/// The name of the call in an IAM action.
pub(super) fn call_of(action: &str) -> &str {
    action.split_once(':').map_or(action, |(_, call)| call)
}
