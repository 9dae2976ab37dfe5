//! AWS's refusals: status, code and message.

/// The reason why AWS does not execute a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    /// A refusal with status 400.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Refusal {
            status: 400,
            code,
            message: message.into(),
        }
    }

    pub fn not_found() -> Self {
        let message = "Secrets Manager can't find the specified secret.";
        Refusal::new("ResourceNotFoundException", message)
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Refusal::new("ValidationException", message)
    }

    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Refusal::new("InvalidParameterException", message)
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Refusal::new("InvalidRequestException", message)
    }

    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Refusal::new("LimitExceededException", message)
    }

    /// The secret is marked for deletion.
    pub fn marked() -> Self {
        Refusal::invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    }

    /// The name of a new secret belongs to a secret that is marked for deletion.
    pub fn scheduled() -> Self {
        Refusal::invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for \
             deletion.",
        )
    }

    pub fn throttled() -> Self {
        Refusal::new("ThrottlingException", "Rate exceeded")
    }

    pub fn expired_credentials() -> Self {
        let message = "The security token included in the request is expired";
        Refusal::new("ExpiredTokenException", message)
    }

    pub fn internal_error() -> Self {
        Refusal {
            status: 500,
            code: "InternalServiceError",
            message: "An error occurred on the server side.".to_owned(),
        }
    }

    pub fn unavailable() -> Self {
        Refusal {
            status: 503,
            code: "ServiceUnavailable",
            message: "The service is unavailable. Please try again shortly.".to_owned(),
        }
    }
}
