//! What a failed AWS call means: for the store, which acts on it, and for the user, who gets an
//! [`Error`].

mod cause;
mod dispatch;
mod reason;
mod response;
mod service;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;

use self::cause::Cause;
use self::dispatch::{of_dispatch, unavailable};
pub(crate) use self::reason::Reason;
use self::response::{foreign, of_response};
use self::service::{OTHER_WRITER, of_service};
use crate::{Error, ErrorKind};

/// A failed call.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) error: Error,
}

impl Failure {
    /// Reads the failure of a call that needs this IAM action.
    pub(crate) fn of<E>(action: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        SdkError<E, HttpResponse>: RequestId,
    {
        let request_id = error.request_id().map(str::to_owned);
        let (reason, described) = match &error {
            SdkError::ServiceError(context) => {
                let code = error.code().unwrap_or_default();
                let message = error.message().unwrap_or_default();
                let status = context.raw().status().as_u16();
                of_service(action, code, message, status, request_id.is_some())
            }
            SdkError::TimeoutError(_) => (
                Reason::Other,
                unavailable("AWS did not respond in time".into()),
            ),
            SdkError::ResponseError(_) => (Reason::Other, of_response(action, error.source())),
            SdkError::DispatchFailure(cause) => {
                let cause = cause
                    .as_connector_error()
                    .map(|cause| cause as &(dyn StdError + 'static));
                (Reason::Other, of_dispatch(cause))
            }
            SdkError::ConstructionFailure(_) => (Reason::Other, of_dispatch(error.source())),
            _ => (
                Reason::Other,
                Error::new(ErrorKind::Other, "the call to AWS failed"),
            ),
        };
        // Only the cause is kept: the raw request and response around it hold values.
        let described = match error.into_source().ok().and_then(Cause::of) {
            Some(cause) => described.with_source(cause),
            None => described,
        };
        Failure {
            reason,
            error: described.with_request_id(request_id.as_deref()),
        }
    }

    /// Another writer's version is the current one.
    pub(crate) fn outrun(name: &str) -> Self {
        let error = Error::new(ErrorKind::Conflict, OTHER_WRITER);
        Failure {
            reason: Reason::Exists,
            error: error.about_secret(name).advise("try again"),
        }
    }

    /// A success whose response lacks what Secrets Manager always returns for this action.
    pub(crate) fn foreign(action: &'static str) -> Self {
        Failure {
            reason: Reason::Other,
            error: foreign(action, None),
        }
    }
}
