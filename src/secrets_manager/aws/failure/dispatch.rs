//! Calls that did not reach AWS.

use std::error::Error as StdError;

use crate::{Error, ErrorKind};

pub(super) fn of_dispatch(cause: Option<&(dyn StdError + 'static)>) -> Error {
    let mut chain = std::iter::successors(cause, |&cause| cause.source());
    let about_credentials = chain.any(|cause| {
        let text = cause.to_string();
        text.contains("credential") || text.contains("identity")
    });
    if about_credentials {
        return Error::new(ErrorKind::Unauthenticated, "there are no AWS credentials").advise(
            "give this process a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
        );
    }
    unavailable("AWS could not be reached")
}

pub(super) const UNAVAILABLE_ADVICE: &str =
    "try again; if it stays so, check the network, the region and AWS_ENDPOINT_URL";

pub(super) fn unavailable(what: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, what).advise(UNAVAILABLE_ADVICE)
}
