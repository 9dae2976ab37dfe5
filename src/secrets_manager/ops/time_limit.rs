//! The limit for an operation on one record, with all its calls, retries and waits.

use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::timeout;

use crate::{Error, ErrorKind};

/// Calls, retries and waits have limits of their own, which rarely add up to this.
const AT_MOST: Duration = Duration::from_secs(180);

/// Runs an operation, and ends it with an error if it takes too long. It is dropped then, as a
/// caller may drop it at any time. Errors name the operation.
///
/// The future is boxed, so that the future of a lookup that the cache answers stays small: it would
/// hold all of the operation otherwise.
pub(crate) fn limited<T>(
    name: &'static str,
    operation: impl Future<Output = Result<T, Error>>,
) -> Pin<Box<impl Future<Output = Result<T, Error>>>> {
    let limited = timeout(AT_MOST, operation).map(move |in_time| {
        let result = in_time.unwrap_or_else(|_| {
            let error = Error::new(
                ErrorKind::Unavailable,
                "the operation took longer than three minutes",
            );
            Err(error.advise("try again; what it was to change may have been changed"))
        });
        result.map_err(|error| error.during(name))
    });
    Box::pin(limited)
}
