//! The codes that AWS returns, and what is not AWS.

use super::Reason;
use super::service::{access_denied, of_service};
use crate::ErrorKind;

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
        let (got, error) = of_service("secretsmanager:GetSecretValue", code, message, 400, true);
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
        let (reason, error) = of_service("secretsmanager:PutSecretValue", code, message, 400, true);
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
