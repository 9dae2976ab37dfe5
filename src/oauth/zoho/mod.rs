//! Zoho's accounts server: requests, responses, and what its errors mean. All but the exchange
//! itself are pure functions.

mod json;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod response;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use self::refusal::{NO_RESPONSE, Refusal, RefusalKind, UNREACHABLE};
use self::response::Issued;
use super::http::{HttpClient, HttpError, HttpRequest};
use crate::Error;

/// Why there are no tokens.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Zoho has refused.
    Refused(Refusal),
    /// The request has certainly not reached Zoho.
    NotSent(HttpError),
    /// The response was lost.
    Lost(HttpError),
}

impl Failed {
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Failed::Refused(refusal) => refusal.clone(),
            Failed::NotSent(_) => Refusal::with_code(UNREACHABLE),
            Failed::Lost(_) => Refusal::with_code(NO_RESPONSE),
        }
    }

    /// Whether Zoho may have executed the request all the same. Only its own errors tell that it has not;
    /// a status of a proxy and a page of somebody else do not.
    pub(crate) fn is_inconclusive(&self) -> bool {
        match self {
            Failed::Refused(refusal) => refusal.kind() == RefusalKind::Transient,
            Failed::NotSent(_) => false,
            Failed::Lost(_) => true,
        }
    }

    /// The cause of another error about this; `server` is the accounts server that was asked.
    pub(crate) fn cause(self, server: &str) -> Box<dyn std::error::Error + Send + Sync> {
        match self {
            Failed::NotSent(cause) | Failed::Lost(cause) => cause.into(),
            Failed::Refused(refusal) => refusal.error(server).into(),
        }
    }

    /// The error for the caller; `server` is the accounts server that was asked.
    pub(crate) fn error(self, server: &str) -> Error {
        let error = self.refusal().error(server);
        match self {
            Failed::Refused(_) => error,
            Failed::NotSent(cause) | Failed::Lost(cause) => error.with_source(cause),
        }
    }
}

/// Asks an accounts server for tokens, once.
pub(crate) async fn ask(
    http: &dyn HttpClient,
    server: &str,
    form: SecretString,
    timeout: Duration,
) -> Result<Issued, Failed> {
    let (status, body) = post(http, format!("{server}/oauth/v2/token"), form, timeout).await?;
    response::issued(status, body.expose_secret()).map_err(Failed::Refused)
}

/// Revokes a token.
pub(crate) async fn revoke(
    http: &dyn HttpClient,
    server: &str,
    token: &SecretString,
    timeout: Duration,
) -> Result<(), Failed> {
    let url = format!("{server}/oauth/v2/token/revoke");
    let (status, body) = post(http, url, request::revoke(token), timeout).await?;
    response::revoked(status, body.expose_secret()).map_err(Failed::Refused)
}

async fn post(
    http: &dyn HttpClient,
    url: String,
    form: SecretString,
    timeout: Duration,
) -> Result<(u16, SecretString), Failed> {
    let request = HttpRequest {
        url,
        form: Some(form),
        authorization: None,
        timeout,
    };
    // The client may not keep to the time.
    let response = match tokio::time::timeout(timeout, http.send(request)).await {
        Err(elapsed) => return Err(Failed::Lost(HttpError::lost(elapsed))),
        Ok(response) => response,
    };
    match response {
        Ok(response) => Ok((response.status, response.body)),
        Err(error) => {
            let was_sent = error.was_sent();
            tracing::debug!(%error, was_sent, "no response from the accounts server");
            Err(match was_sent {
                true => Failed::Lost(error),
                false => Failed::NotSent(error),
            })
        }
    }
}
