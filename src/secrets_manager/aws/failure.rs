//! What a failed AWS call means: for the store, which acts on it, and for the user, who gets an
//! [`Error`].

use std::error::Error as StdError;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;

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

/// The codes of AWS's "Common errors" and of Secrets Manager's API reference.
fn of_service(action: &'static str, code: &str, message: &str, status: u16) -> (Reason, Error) {
    use ErrorKind as Kind;
    let of_key = message.contains("KMS") || message.contains("kms");
    let (reason, kind, what, advice) = match code {
        "AccessDeniedException" | "AccessDenied" | "NotAuthorized" => {
            return (Reason::Denied, access_denied(action, message, of_key));
        }
        "ResourceNotFoundException" => (
            Reason::NotFound,
            Kind::Conflict,
            "there is no such secret any more",
            "try again",
        ),
        "InvalidRequestException" if is_about_deletion(message) => {
            let what = "the secret is being deleted";
            (
                Reason::Deleted,
                Kind::Conflict,
                what,
                "try again in a minute",
            )
        }
        "InvalidRequestException" | "InvalidParameterException"
            if message.contains("replica regions") =>
        {
            let what = "the secret still has replicas";
            (
                Reason::Replicated,
                Kind::Conflict,
                what,
                "try again in a minute",
            )
        }
        "ResourceExistsException" => (
            Reason::Exists,
            Kind::Conflict,
            "other writers were faster",
            "try again",
        ),
        "LimitExceededException" => (
            Reason::Limit,
            Kind::QuotaExceeded,
            "a quota of Secrets Manager is used up",
            "a secret keeps about 100 versions, and all of the last 24 hours; an account has 500,000 \
             secrets a region",
        ),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "AuthFailure" => (
            Reason::Other,
            Kind::Unauthenticated,
            "AWS does not know these credentials",
            "check the AWS credentials of this process, and its clock",
        ),
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" | "TokenRefreshRequired" => (
            Reason::Other,
            Kind::Unauthenticated,
            "the AWS credentials have expired",
            "renew them",
        ),
        "EncryptionFailure"
        | "EncryptionFailureException"
        | "DecryptionFailure"
        | "DecryptionFailureException" => (
            Reason::Other,
            Kind::Encryption,
            "the KMS key of the secret cannot be used",
            "check that the key is enabled, in this region, and that this role may use it",
        ),
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => {
            let what = "too many calls a second";
            (
                Reason::Throttled,
                Kind::Throttled,
                what,
                "try again more slowly",
            )
        }
        _ if status == 429 => {
            let what = "too many calls a second";
            (
                Reason::Throttled,
                Kind::Throttled,
                what,
                "try again more slowly",
            )
        }
        _ if status >= 500 || code == "InternalServiceError" => (
            Reason::Other,
            Kind::Unavailable,
            "AWS failed within",
            UNAVAILABLE_ADVICE,
        ),
        _ if of_key => (
            Reason::Other,
            Kind::Encryption,
            "the KMS key cannot be used",
            "check the key's id, state and region",
        ),
        _ => (
            Reason::Other,
            Kind::Other,
            "AWS refused the call",
            "the cause says why",
        ),
    };
    let call = action.split_once(':').map_or(action, |(_, call)| call);
    let message = format!("{what}: AWS answered {code} to {call}");
    (reason, Error::new(kind, message).advise(advice))
}

/// Secrets Manager says "marked for deletion" of reads and writes, and "scheduled for deletion" of
/// CreateSecret.
fn is_about_deletion(message: &str) -> bool {
    message.contains("deletion") || message.contains("deleted")
}

fn access_denied(action: &'static str, message: &str, of_key: bool) -> Error {
    // "User: … is not authorized to perform: secretsmanager:ListSecrets because …"
    let named = message.split_once("not authorized to perform: ");
    let named = named.and_then(|(_, rest)| rest.split([' ', ',']).next());
    let key_action = match action {
        "secretsmanager:CreateSecret" | "secretsmanager:PutSecretValue" => "kms:GenerateDataKey",
        _ => "kms:Decrypt",
    };
    let implied = if of_key { key_action } else { action };
    let missing = named
        .filter(|named| named.contains(':'))
        .unwrap_or(implied)
        .to_owned();
    let advice = match missing.as_str() {
        "secretsmanager:ListSecrets" => {
            "allow secretsmanager:ListSecrets on Resource \"*\", or switch the tag index off \
             (ZOHO_TOKEN_STORE_TAG_INDEX=off)"
                .to_owned()
        }
        _ => format!("allow {missing} to this role"),
    };
    Error::new(
        ErrorKind::AccessDenied,
        format!("this role may not do {missing}"),
    )
    .with_missing_action(missing)
    .advise(advice)
}

fn of_dispatch(cause: Option<&(dyn StdError + 'static)>) -> Error {
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

const UNAVAILABLE_ADVICE: &str =
    "try again; if it stays so, check the network, the region and AWS_ENDPOINT_URL";

fn unavailable(what: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, what).advise(UNAVAILABLE_ADVICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_codes_have_a_kind_and_a_reason() {
        let marked =
            "You can't perform this operation on the secret because it was marked for deletion.";
        let scheduled = "You can't create this secret because a secret with this name is already \
                         scheduled for deletion.";
        let replicas = "You can't delete secret x that still has replica regions [eu-west-1]";
        let cases = [
            (
                "ResourceNotFoundException",
                "",
                Reason::NotFound,
                ErrorKind::Conflict,
            ),
            (
                "InvalidRequestException",
                marked,
                Reason::Deleted,
                ErrorKind::Conflict,
            ),
            (
                "InvalidRequestException",
                scheduled,
                Reason::Deleted,
                ErrorKind::Conflict,
            ),
            (
                "InvalidRequestException",
                replicas,
                Reason::Replicated,
                ErrorKind::Conflict,
            ),
            (
                "ResourceExistsException",
                "",
                Reason::Exists,
                ErrorKind::Conflict,
            ),
            (
                "LimitExceededException",
                "",
                Reason::Limit,
                ErrorKind::QuotaExceeded,
            ),
            (
                "ThrottlingException",
                "Rate exceeded",
                Reason::Throttled,
                ErrorKind::Throttled,
            ),
            (
                "UnrecognizedClientException",
                "",
                Reason::Other,
                ErrorKind::Unauthenticated,
            ),
            (
                "ExpiredTokenException",
                "",
                Reason::Other,
                ErrorKind::Unauthenticated,
            ),
            (
                "DecryptionFailure",
                "",
                Reason::Other,
                ErrorKind::Encryption,
            ),
            (
                "InvalidParameterException",
                "",
                Reason::Other,
                ErrorKind::Other,
            ),
        ];
        for (code, message, reason, kind) in cases {
            let (got, error) = of_service("secretsmanager:GetSecretValue", code, message, 400);
            assert_eq!((got, error.kind()), (reason, kind), "{code}");
        }
        assert_eq!(
            of_service("x:Y", "", "", 503).1.kind(),
            ErrorKind::Unavailable
        );
    }

    #[test]
    fn the_missing_action_is_the_one_aws_names() {
        let missing = |action, message| {
            access_denied(action, message, message.contains("KMS"))
                .missing_action()
                .unwrap()
                .to_owned()
        };
        let create = "secretsmanager:CreateSecret";
        let named = "User: arn:aws:iam::1:user/x is not authorized to perform: \
                     secretsmanager:TagResource because no policy allows it";
        assert_eq!(missing(create, named), "secretsmanager:TagResource");
        assert_eq!(
            missing(create, "Access to KMS is not allowed"),
            "kms:GenerateDataKey"
        );
        assert_eq!(
            missing(
                "secretsmanager:GetSecretValue",
                "Access to KMS is not allowed"
            ),
            "kms:Decrypt"
        );
        assert_eq!(missing(create, ""), create);
    }
}
