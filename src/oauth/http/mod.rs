//! HTTP as a provider needs it: one small trait, which programs and tests can implement.

#[cfg(feature = "default-https-client")]
pub(crate) mod default;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use secrecy::SecretString;

/// The largest response that is read, in bytes. Those of Zoho that a provider asks for have a few
/// thousand.
pub const BODY_LIMIT: usize = 1 << 20;

/// Sends the requests of a [`TokenProvider`](crate::TokenProvider) to Zoho.
///
/// The default is the HTTP client of the AWS SDK. Implement it to use another one, or in tests. With
/// reqwest, for example:
///
/// ```
/// use async_trait::async_trait;
/// use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
/// use zoho_token_store::oauth::{BODY_LIMIT, HttpClient, HttpError, HttpRequest, HttpResponse};
/// use zoho_token_store::{ExposeSecret, MemoryTokenStore, TokenProvider};
///
/// #[derive(Debug)]
/// struct Reqwest(reqwest::Client);
///
/// #[async_trait]
/// impl HttpClient for Reqwest {
///     async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
///         let mut builder = match request.form {
///             Some(form) => (self.0.post(&request.url))
///                 .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
///                 .body(form.expose_secret().to_owned()),
///             None => self.0.get(&request.url),
///         };
///         if let Some(authorization) = request.authorization {
///             builder = builder.header(AUTHORIZATION, authorization);
///         }
///         let response = builder.timeout(request.timeout).send().await;
///         let mut response = response.map_err(|error| match error.is_connect() {
///             true => HttpError::not_sent(error),
///             false => HttpError::lost(error),
///         })?;
///         let mut body = Vec::new();
///         while let Some(chunk) = response.chunk().await.map_err(HttpError::lost)? {
///             body.extend_from_slice(&chunk);
///             if body.len() > BODY_LIMIT {
///                 return Err(HttpError::lost("the response is too large"));
///             }
///         }
///         let body = String::from_utf8(body).map_err(|_| HttpError::lost("no text"))?;
///         Ok(HttpResponse { status: response.status().as_u16(), body: body.into() })
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A redirect would take the client secret to another server.
/// let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
/// let provider = TokenProvider::builder(MemoryTokenStore::new())
///     .http_client(Reqwest(client.build()?))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends a request and returns its response, whatever its status is.
    ///
    /// It follows no redirect and repeats nothing. It reads at most [`BODY_LIMIT`] bytes of the body,
    /// and takes at most [`HttpRequest::timeout`].
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// A request to Zoho.
#[non_exhaustive]
pub struct HttpRequest {
    /// The whole URL.
    pub url: String,
    /// The body of a `POST` with the content type `application/x-www-form-urlencoded`. Without one,
    /// the request is a `GET`.
    pub form: Option<SecretString>,
    /// The header `Authorization`.
    pub authorization: Option<HeaderValue>,
    /// How long it may take until the whole response is there.
    pub timeout: Duration,
}

/// A response of Zoho.
pub struct HttpResponse {
    /// The status, for example 200.
    pub status: u16,
    /// The body.
    pub body: SecretString,
}

/// Why there is no response.
#[derive(Debug)]
pub struct HttpError {
    was_sent: bool,
    source: Box<dyn StdError + Send + Sync>,
}

impl HttpError {
    /// No connection could be made: the request has certainly not reached the server.
    pub fn not_sent(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        HttpError {
            was_sent: false,
            source: source.into(),
        }
    }

    /// The server may have executed the request.
    pub fn lost(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        HttpError {
            was_sent: true,
            source: source.into(),
        }
    }

    /// Returns whether the server may have executed the request.
    pub fn was_sent(&self) -> bool {
        self.was_sent
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.was_sent {
            true => "the server did not respond",
            false => "the server could not be reached",
        })
    }
}

impl StdError for HttpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
