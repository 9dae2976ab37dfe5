//! The errors that AWS returns, by their codes.

use super::dispatch::UNAVAILABLE_ADVICE;
use super::response::foreign;
use super::{OTHER_WRITER, Reason, call_of};
use crate::{Error, ErrorKind};

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
        _ => format!("allow this role {missing}"),
    };
    Error::new(
        ErrorKind::AccessDenied,
        format!("this role does not have the permission {missing}"),
    )
    .with_missing_action(missing)
    .advise(advice)
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
            let (got, error) =
                of_service("secretsmanager:GetSecretValue", code, message, 400, true);
            assert_eq!((got, error.kind()), (reason, kind), "{code}");
        }
        assert_eq!(
            of_service("x:Y", "", "", 503, true).1.kind(),
            ErrorKind::Unavailable
        );
    }

    #[test]
    fn only_the_phrases_of_aws_mean_a_deletion() {
        let others = [
            "The deletion protection of this secret does not allow the call.",
            "You can't change a secret whose replica was deleted.",
            "deletion",
        ];
        for message in others {
            let code = "InvalidRequestException";
            let (reason, error) =
                of_service("secretsmanager:PutSecretValue", code, message, 400, true);
            assert_eq!(
                (reason, error.kind()),
                (Reason::Other, ErrorKind::Other),
                "{message}"
            );
        }
    }

    #[test]
    fn a_refusal_without_a_code_or_from_an_unknown_service_is_not_of_aws() {
        let responses = [
            ("", 200, true),
            ("", 302, false),
            ("", 407, false),
            ("", 404, true),
            ("NotFound", 404, false),
        ];
        for (code, status, has_request_id) in responses {
            let action = "secretsmanager:GetSecretValue";
            let (reason, error) = of_service(action, code, "", status, has_request_id);
            assert_eq!(
                (reason, error.kind()),
                (Reason::Other, ErrorKind::Unavailable),
                "{status}"
            );
            let text = error.to_string();
            assert!(text.contains("did not respond to GetSecretValue"), "{text}");
            assert!(text.contains(&status.to_string()), "{text}");
        }
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
