//! The errors that AWS returns, by their codes.

use super::Reason;
use super::dispatch::UNAVAILABLE_ADVICE;
use crate::{Error, ErrorKind};

/// The codes of AWS's "Common errors" and of Secrets Manager's API reference.
pub(super) fn of_service(
    action: &'static str,
    code: &str,
    message: &str,
    status: u16,
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
