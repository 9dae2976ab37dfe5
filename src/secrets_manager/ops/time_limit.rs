//! The limit for an operation on one record, with all its calls, retries and waits.

use std::time::Duration;

use tokio::time::timeout;

use crate::{Error, ErrorKind};

/// Calls, retries and waits have limits of their own, which rarely add up to this.
const AT_MOST: Duration = Duration::from_secs(180);

/// Runs an operation, and ends it with an error if it takes too long. It is dropped then, as a
/// caller may drop it at any time. Errors name the operation.
///
/// It is boxed before the future that is returned is made, so that the future of a lookup that the
/// cache answers stays small: an `async fn` would hold all of the operation.
pub(crate) fn limited<T>(
    name: &'static str,
    operation: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    let operation = Box::pin(operation);
    async move {
        let result = match timeout(AT_MOST, operation).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                "the operation took longer than three minutes",
            )
            .advise("try again; what it was to change may have been changed")),
        };
        result.map_err(|error| error.during(name))
    }
}
