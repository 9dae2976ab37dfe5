//! The HTTP client of the AWS SDK.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest as SmithyRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};

use super::{BODY_LIMIT, HttpClient, HttpError, HttpRequest, HttpResponse};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// A client with connections of its own.
pub(crate) struct DefaultClient {
    connector: Connector,
}

impl DefaultClient {
    /// Returns a client that uses the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY` and so on),
    /// as the client for AWS does.
    pub(crate) fn new() -> Self {
        DefaultClient::with_proxy(ProxyConfig::from_env())
    }

    fn with_proxy(proxy: ProxyConfig) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .proxy_config(proxy)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build();
        DefaultClient { connector }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.connector.call(convert(request)?).await;
        let response = response.map_err(failure)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_LIMIT);
        let bytes = body.collect().await.map_err(HttpError::lost)?.to_bytes();
        let body = match String::from_utf8_lossy(&bytes) {
            Cow::Borrowed(text) => SecretString::from(text),
            Cow::Owned(text) => SecretString::from(Zeroizing::new(text).as_str()),
        };
        // Those that share a buffer of the client cannot be wiped.
        if let Ok(mut own) = bytes.try_into_mut() {
            own.zeroize();
        }
        Ok(HttpResponse { status, body })
    }
}

#[async_trait]
impl HttpClient for DefaultClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout = request.timeout;
        let exchange = self.exchange(request);
        match tokio::time::timeout(timeout, exchange).await {
            Ok(response) => response,
            Err(elapsed) => Err(HttpError::lost(elapsed)),
        }
    }
}

fn convert(request: HttpRequest) -> Result<SmithyRequest, HttpError> {
    let method = match request.form {
        Some(_) => "POST",
        None => "GET",
    };
    let mut builder = http::Request::builder()
        .method(method)
        .uri(request.url)
        .header(ACCEPT, "application/json");
    if let Some(authorization) = request.authorization {
        builder = builder.header(AUTHORIZATION, authorization);
    }
    let body = match &request.form {
        Some(form) => {
            builder = builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let form = Zeroizing::new(form.expose_secret().as_bytes().to_vec());
            SdkBody::from(Bytes::from_owner(form))
        }
        None => SdkBody::empty(),
    };
    let request = builder.body(body).map_err(HttpError::not_sent)?;
    SmithyRequest::try_from(request).map_err(HttpError::not_sent)
}

/// A connection that could not be made, for example because the name of the host is unknown or nobody
/// responds, is told apart from one that broke.
fn failure(error: ConnectorError) -> HttpError {
    let top: &(dyn std::error::Error + 'static) = &error;
    let mut causes = std::iter::successors(Some(top), |cause| cause.source());
    let is_connect = causes.any(|cause| {
        let client = cause.downcast_ref::<hyper_util::client::legacy::Error>();
        client.is_some_and(hyper_util::client::legacy::Error::is_connect)
    });
    match is_connect || error.is_user() {
        true => HttpError::not_sent(error),
        false => HttpError::lost(error),
    }
}

impl fmt::Debug for DefaultClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultClient").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
