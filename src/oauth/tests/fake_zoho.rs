//! An accounts server and a CRM API in the test process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::oauth::{HttpClient, HttpError, HttpRequest, HttpResponse};

/// Clones are the same server.
#[derive(Clone, Debug)]
pub(super) struct FakeZoho {
    inner: Arc<Mutex<Inner>>,
    /// Requests that have arrived wait until they are let through.
    gate: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Inner {
    issued: usize,
    requests: Vec<(String, String)>,
    next: VecDeque<Next>,
    identity_status: Option<u16>,
}

/// What happens to a request instead of being answered with a new access token.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// This status and body.
    Body(u16, &'static str),
    /// An access token with these members.
    With(&'static str),
    /// The response is lost.
    Lost,
    NotSent,
    /// It takes this long.
    After(Duration),
}

impl FakeZoho {
    pub(super) fn new() -> Self {
        FakeZoho {
            inner: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    /// Has this happen to the next token requests.
    pub(super) fn next(&self, next: impl IntoIterator<Item = Next>) {
        self.inner().next.extend(next);
    }

    /// Has requests for the user fail with this status, whatever their body.
    pub(super) fn fail_identity(&self, status: u16) {
        self.inner().identity_status = Some(status);
    }

    /// The token requests so far.
    pub(super) fn requests(&self) -> usize {
        let inner = self.inner();
        let paths = inner.requests.iter().map(|(url, _)| url);
        paths.filter(|url| url.ends_with("/oauth/v2/token")).count()
    }

    /// The URLs and forms of all requests so far.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.inner().requests.clone()
    }

    /// Holds all requests that arrive from now on.
    pub(super) fn hold(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets one request that is held, or will be, through.
    pub(super) fn release(&self) {
        self.gate.add_permits(1);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn token_response(&self, next: Option<Next>, is_grant: bool) -> (u16, String) {
        let mut inner = self.inner();
        let members = match next {
            Some(Next::Body(status, body)) => return (status, body.to_owned()),
            Some(Next::With(members)) => members,
            _ if is_grant => r#","refresh_token":"r-new""#,
            _ => "",
        };
        inner.issued += 1;
        let number = inner.issued;
        let body = format!(
            r#"{{"access_token":"new-{number}","expires_in":3600,"api_domain":"https://www.zohoapis.eu"{members}}}"#
        );
        (200, body)
    }
}

#[async_trait]
impl HttpClient for FakeZoho {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let form = request
            .form
            .as_ref()
            .map(|form| form.expose_secret().to_owned());
        let form = form.unwrap_or_default();
        self.inner()
            .requests
            .push((request.url.clone(), form.clone()));
        self.gate.acquire().await.unwrap().forget();
        let (status, body) = if request.url.ends_with("/oauth/v2/token") {
            let next = self.inner().next.pop_front();
            match next {
                Some(Next::Lost) => return Err(HttpError::lost("lost")),
                Some(Next::NotSent) => return Err(HttpError::not_sent("refused")),
                Some(Next::After(time)) => tokio::time::sleep(time).await,
                _ => {}
            }
            self.token_response(next, form.contains("authorization_code"))
        } else if request.url.contains("/crm/v8/users") {
            let status = self.inner().identity_status.unwrap_or(200);
            (
                status,
                r#"{"users":[{"email":"ada@example.com"}]}"#.to_owned(),
            )
        } else if request.url.contains("/crm/v8/org") {
            (200, r#"{"org":[{"id":"7"}]}"#.to_owned())
        } else {
            let next = self.inner().next.pop_front();
            match next {
                Some(Next::Body(status, body)) => (status, body.to_owned()),
                _ => (200, r#"{"status":"success"}"#.to_owned()),
            }
        };
        Ok(HttpResponse {
            status,
            body: SecretString::from(body),
        })
    }
}
