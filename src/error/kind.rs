//! The kinds of errors.

use std::fmt;

/// The kind of an [`Error`](crate::Error), which [`Error::kind`](crate::Error::kind) returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The given token or id is invalid. Nothing was read or written.
    InvalidToken,
    /// A setting of the store or of AWS is missing, unknown or malformed.
    InvalidConfig,
    /// There are no AWS credentials, or AWS does not accept them, or they have expired.
    Unauthenticated,
    /// The role lacks a permission, which
    /// [`Error::missing_action`](crate::Error::missing_action) names.
    AccessDenied,
    /// The KMS key of the secret cannot be used: it is disabled, deleted, or in another region.
    Encryption,
    /// The account makes more calls a second than AWS's quota allows, or more access tokens were asked
    /// for than Zoho allows.
    Throttled,
    /// A quota is used up that is not lifted by waiting a moment: versions of a secret, or secrets
    /// of an account.
    QuotaExceeded,
    /// Other writers, or a deletion under way, prevented the operation for as long as it was
    /// retried.
    Conflict,
    /// The token is too large for a secret, or its id for a secret's name.
    TooLarge,
    /// The secret's value is not the document of a token, or is of a newer version of this crate.
    /// The secret is left unchanged.
    Decode,
    /// AWS or Zoho could not be reached, did not respond in time, or reported an internal error; or
    /// something else responded instead of them.
    Unavailable,
    /// Somebody has to log in: there is no token, or Zoho does not accept the refresh token any more.
    NeedsLogin,
    /// A grant token was sent to Zoho, and whether Zoho has exchanged it is not known. It may be used up.
    GrantUnsettled,
    /// Another process refreshes the token and has not finished in time.
    RefreshPending,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Returns the kind in lower case with underscores, for example `access_denied`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorKind::InvalidToken => "invalid_token",
            ErrorKind::InvalidConfig => "invalid_config",
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::AccessDenied => "access_denied",
            ErrorKind::Encryption => "encryption",
            ErrorKind::Throttled => "throttled",
            ErrorKind::QuotaExceeded => "quota_exceeded",
            ErrorKind::Conflict => "conflict",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::Decode => "decode",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::NeedsLogin => "needs_login",
            ErrorKind::GrantUnsettled => "grant_unsettled",
            ErrorKind::RefreshPending => "refresh_pending",
            ErrorKind::Other => "other",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
