//! The error type: what failed and where, whether to try again, and what to do next.

mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use self::kind::ErrorKind;
use crate::OAuthToken;

/// Why an operation of a store, or of a `TokenProvider`, failed.
///
/// Its text names the operation, and the secret and AWS's request id if there are any, and says what
/// to do next. It never contains a token value, a client secret or a user name.
/// [`source`](StdError::source) returns the cause.
///
/// ```
/// use zoho_token_store::{ErrorKind, OAuthToken};
///
/// let error = OAuthToken::builder().user_name("").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidToken);
/// assert!(!error.is_retryable());
/// assert_eq!(error.to_string(), "`user_name` is empty: leave out what is not known");
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    operation: Option<&'static str>,
    secret: Option<String>,
    version: Option<String>,
    request_id: Option<String>,
    missing_action: Option<String>,
    readable_tokens: Vec<OAuthToken>,
    unsaved_token: Option<OAuthToken>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error, for implementations of [`TokenStore`](crate::TokenStore).
    ///
    /// The message must not contain a token value, a client secret or a user name.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error {
            inner: Arc::new(Inner {
                kind,
                message: message.into(),
                advice: None,
                operation: None,
                secret: None,
                version: None,
                request_id: None,
                missing_action: None,
                readable_tokens: Vec::new(),
                unsaved_token: None,
                source: None,
            }),
        }
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.edit().source = Some(Arc::from(source.into()));
        self
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns whether the operation may succeed if it is repeated a little later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.inner.kind,
            ErrorKind::Throttled
                | ErrorKind::Conflict
                | ErrorKind::Unavailable
                | ErrorKind::RefreshPending
        )
    }

    /// Returns the method of the store that failed, for example `save_token`.
    pub fn operation(&self) -> Option<&str> {
        self.inner.operation
    }

    /// Returns the name of the secret that the error is about.
    pub fn secret_name(&self) -> Option<&str> {
        self.inner.secret.as_deref()
    }

    /// Returns AWS's id of the failed request, which its support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// Returns the IAM action that the role lacks, for example `secretsmanager:ListSecrets`.
    pub fn missing_action(&self) -> Option<&str> {
        self.inner.missing_action.as_deref()
    }

    /// Returns the tokens that could be read, if [`get_tokens`](crate::TokenStore::get_tokens) failed
    /// because of others.
    pub fn readable_tokens(&self) -> &[OAuthToken] {
        &self.inner.readable_tokens
    }

    /// Returns what Zoho has issued and the store could not save, if that cannot be obtained again: a
    /// new refresh token.
    ///
    /// [`save_token`](crate::TokenStore::save_token) stores it. The error's text does not contain it.
    pub fn unsaved_token(&self) -> Option<&OAuthToken> {
        self.inner.unsaved_token.as_ref()
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.inner.advice.as_deref()
    }

    /// The text without the advice.
    pub(crate) fn statement(&self) -> String {
        Statement(&self.inner).to_string()
    }

    pub(crate) fn advise(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.edit().advice = Some(advice.into());
        self
    }

    pub(crate) fn during(mut self, operation: &'static str) -> Self {
        self.edit().operation = Some(operation);
        self
    }

    pub(crate) fn about_secret(mut self, name: impl Into<String>) -> Self {
        self.edit().secret = Some(name.into());
        self
    }

    pub(crate) fn about_version(mut self, version: &str) -> Self {
        self.edit().version = Some(version.to_owned());
        self
    }

    pub(crate) fn with_request_id(mut self, request_id: Option<&str>) -> Self {
        self.edit().request_id = request_id.map(str::to_owned);
        self
    }

    pub(crate) fn with_missing_action(mut self, action: impl Into<String>) -> Self {
        self.edit().missing_action = Some(action.into());
        self
    }

    pub(crate) fn with_readable_tokens(mut self, tokens: Vec<OAuthToken>) -> Self {
        self.edit().readable_tokens = tokens;
        self
    }

    #[cfg(feature = "oauth")]
    pub(crate) fn with_unsaved_token(mut self, token: OAuthToken) -> Self {
        self.edit().unsaved_token = Some(token);
        self
    }

    pub(crate) fn with_shared_source(mut self, source: &Error) -> Self {
        self.edit().source = Some(Arc::new(source.clone()));
        self
    }

    fn edit(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.inner)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Statement(&self.inner).fmt(f)?;
        match &self.inner.advice {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

/// What went wrong and where.
struct Statement<'a>(&'a Inner);

impl fmt::Display for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&inner.message)?;
        let place = [
            inner
                .secret
                .as_ref()
                .map(|secret| format!("secret `{secret}`")),
            inner
                .version
                .as_ref()
                .map(|version| format!("version {version}")),
            inner
                .request_id
                .as_ref()
                .map(|request| format!("request {request}")),
        ];
        let place: Vec<_> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            write!(f, " ({})", place.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        let mut output = f.debug_struct("Error");
        output
            .field("kind", &inner.kind)
            .field("message", &self.to_string());
        if let Some(action) = &inner.missing_action {
            output.field("missing_action", action);
        }
        if let Some(source) = &inner.source {
            output.field("source", &SourceChain(source.as_ref()));
        }
        output.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// The texts of the causes. Their Debug output may contain more, and nothing ensures that it
/// contains no secret.
struct SourceChain<'a>(&'a (dyn StdError + 'static));

impl fmt::Debug for SourceChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes = std::iter::successors(Some(self.0), |&cause| cause.source());
        f.debug_list()
            .entries(causes.map(ToString::to_string))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_operation_secret_request_and_advice() {
        let error = Error::new(ErrorKind::AccessDenied, "not allowed")
            .with_missing_action("secretsmanager:ListSecrets")
            .with_request_id(Some("r-1"))
            .about_secret("zoho/tokens/x")
            .during("find_token")
            .advise("allow it");
        assert_eq!(
            error.to_string(),
            "find_token: not allowed (secret `zoho/tokens/x`, request r-1): allow it"
        );
        assert_eq!(error.missing_action(), Some("secretsmanager:ListSecrets"));
    }

    #[test]
    fn the_cause_is_kept() {
        let error = Error::new(ErrorKind::Unavailable, "no answer")
            .with_source(std::io::Error::other("reset"));
        assert_eq!(error.source().unwrap().to_string(), "reset");
        assert!(format!("{error:?}").contains("reset"));
        assert!(error.is_retryable());
    }
}
