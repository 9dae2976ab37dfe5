//! What a failed AWS call means: for the store, which acts on it, and for the user, who gets an
//! [`Error`].

mod dispatch;
mod service;

use std::error::Error as StdError;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;

use self::dispatch::{of_dispatch, unavailable};
use self::service::of_service;
use crate::{Error, ErrorKind};

/// A failed call.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) error: Error,
}

/// What the store can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is no such secret, or it has no value.
    NotFound,
    /// The secret is marked for deletion, or its deletion is under way.
    Deleted,
    /// The name, or the version, is taken.
    Exists,
    /// A quota that will not pass.
    Limit,
    /// The secret has replicas, and cannot be deleted with them.
    Replicated,
    /// Not allowed.
    Denied,
    /// Too many calls a second, of all that there are in the account.
    Throttled,
    /// Nothing that the store can do anything about.
    Other,
}

impl Failure {
    /// Reads the failure of a call that needs this IAM action.
    pub(crate) fn of<E>(action: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
        SdkError<E, HttpResponse>: RequestId,
    {
        let request_id = error.request_id().map(str::to_owned);
        let code = error.code().unwrap_or_default().to_owned();
        let message = error.message().unwrap_or_default().to_owned();
        let (reason, error) = match &error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let (reason, failure) = of_service(action, &code, &message, status);
                (reason, failure)
            }
            SdkError::TimeoutError(_) => (Reason::Other, unavailable("AWS did not answer in time")),
            SdkError::ResponseError(_) => (
                Reason::Other,
                unavailable("AWS's answer was cut off or is not one"),
            ),
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
        }
        .attach(error);
        Failure {
            reason,
            error: error.with_request_id(request_id.as_deref()),
        }
    }
}

impl Failure {
    /// Another writer's version is the current one.
    pub(crate) fn outrun(name: &str) -> Self {
        let error = Error::new(ErrorKind::Conflict, "other writers were faster");
        Failure {
            reason: Reason::Exists,
            error: error.about_secret(name).advise("try again"),
        }
    }
}

/// Keeps the cause, without the raw request and response around it: they hold values.
trait Attach {
    fn attach<E>(self, cause: SdkError<E, HttpResponse>) -> (Reason, Error)
    where
        E: StdError + Send + Sync + 'static;
}

impl Attach for (Reason, Error) {
    fn attach<E>(self, cause: SdkError<E, HttpResponse>) -> (Reason, Error)
    where
        E: StdError + Send + Sync + 'static,
    {
        match cause.into_source() {
            Ok(cause) => (self.0, self.1.with_source(cause)),
            Err(_) => self,
        }
    }
}
