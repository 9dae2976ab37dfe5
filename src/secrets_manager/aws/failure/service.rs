//! The errors that AWS returns, by their codes.

use super::dispatch::UNAVAILABLE_ADVICE;
use super::reason::Reason;
use super::response::{call_of, foreign};
use crate::{Error, ErrorKind};

pub(super) const OTHER_WRITER: &str = "another writer was first";

/// What Secrets Manager says of a secret that is marked for deletion: of reads and writes, and of
/// CreateSecret under its name; the third is LocalStack's and moto's.
const DELETION: [&str; 3] = [
    "marked for deletion",
    "scheduled for deletion",
    "currently marked deleted",
];

/// Reads the codes of AWS's "Common errors" and of Secrets Manager's API reference.
pub(super) fn of_service(
    action: &'static str,
    code: &str,
    message: &str,
    status: u16,
    has_request_id: bool,
) -> (Reason, Error) {
    use ErrorKind as Kind;
    let of_key = message.contains("KMS") || message.contains("kms");
    let (reason, kind, what, advice) = match code {
        "AccessDeniedException" | "AccessDenied" | "NotAuthorized" => {
            return (Reason::Denied, access_denied(action, message, of_key));
        }
        "ResourceNotFoundException" => (
            Reason::NotFound,
            Kind::Conflict,
            "the secret does not exist any more",
            "try again",
        ),
        "InvalidRequestException" if is_about_deletion(message) => (
            Reason::Deleted,
            Kind::Conflict,
            "the secret is being deleted",
            "try again in a minute",
        ),
        "InvalidRequestException" | "InvalidParameterException"
            if message.contains("replica regions") =>
        {
            (
                Reason::Replicated,
                Kind::Conflict,
                "the secret still has replicas",
                "try again in a minute",
            )
        }
        "ResourceExistsException" => (Reason::Exists, Kind::Conflict, OTHER_WRITER, "try again"),
        "LimitExceededException" => (
            Reason::Limit,
            Kind::QuotaExceeded,
            "a quota of Secrets Manager is used up",
            "a secret has at most about 100 versions, and keeps those of the last 24 hours; an \
             account has at most 500,000 secrets in a region",
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
            "AWS does not accept the credentials",
            "check the AWS credentials of this process, and the time of its clock",
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
            "check that the key is enabled and in this region, and that this role may use it",
        ),
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => THROTTLED,
        _ if status == 429 => THROTTLED,
        _ if status >= 500 || code == "InternalServiceError" => (
            Reason::Other,
            Kind::Unavailable,
            "AWS reported an internal error",
            UNAVAILABLE_ADVICE,
        ),
        // All of AWS's errors have a code, and its services send a request id.
        "" => return (Reason::Other, foreign(action, Some(status))),
        _ if !has_request_id => return (Reason::Other, foreign(action, Some(status))),
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
            "see the cause of this error",
        ),
    };
    let call = call_of(action);
    let what = match code {
        "" => format!("{what}: {call} failed with HTTP status {status}"),
        _ => format!("{what}: {call} failed with {code}"),
    };
    (reason, Error::new(kind, what).advise(advice))
}

const THROTTLED: (Reason, ErrorKind, &str, &str) = (
    Reason::Throttled,
    ErrorKind::Throttled,
    "too many calls a second",
    "try again, and make fewer calls a second",
);

/// No other text that contains "deletion": a secret that is taken for deleted may be written anew.
fn is_about_deletion(message: &str) -> bool {
    DELETION.iter().any(|phrase| message.contains(phrase))
}

pub(super) fn access_denied(action: &'static str, message: &str, of_key: bool) -> Error {
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
        _ => format!("allow this role {missing}"),
    };
    Error::new(
        ErrorKind::AccessDenied,
        format!("this role does not have the permission {missing}"),
    )
    .with_missing_action(missing)
    .advise(advice)
}
