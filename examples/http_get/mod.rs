//! The one request that the examples make to Zoho's API. A program would use its own HTTP client.

use std::sync::LazyLock;

use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// One client for all requests, so that connections are used again.
static CLIENT: LazyLock<Result<Https, String>> = LazyLock::new(|| {
    let connector = HttpsConnectorBuilder::new().with_native_roots();
    let connector = connector.map_err(|error| error.to_string())?;
    // Only the fake of Zoho has no TLS.
    let connector = connector.https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
});

/// Gets JSON with this `Authorization`.
pub async fn get(
    url: &str,
    authorization: HeaderValue,
) -> Result<(StatusCode, Value), Box<dyn std::error::Error + Send + Sync>> {
    let client = CLIENT.as_ref().map_err(String::as_str)?;
    let request = Request::get(url)
        .header(header::AUTHORIZATION, authorization)
        .body(Empty::new())?;
    let response = client.request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, serde_json::from_slice(&body)?))
}
