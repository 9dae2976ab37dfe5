//! A store whose HTTP client returns prepared responses: how its calls fail, and how long they are
//! retried.

mod requests;
mod responses;
mod throttling;

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::config::{
    Credentials, HttpClient, Region, RuntimeComponents, SharedCredentialsProvider,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use tokio::time::Instant;

use super::client;
use crate::{ErrorKind, SecretsManagerTokenStore, TokenStore};

/// What happens to every request.
#[derive(Clone, Debug)]
enum Server {
    Responds(u16, String),
    /// Responds with a status and a body that depend on the action, for example `GetSecretValue`.
    RespondsByAction(fn(&str) -> (u16, &'static str)),
    Refuses,
    Silent,
}

#[derive(Clone, Debug)]
struct Http {
    server: Server,
    requests: Arc<AtomicU32>,
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.server.clone() {
            Server::Responds(status, body) => response(status, body),
            Server::RespondsByAction(respond) => {
                let target = request.headers().get("x-amz-target").expect("a target");
                let (status, body) = respond(target.trim_start_matches("secretsmanager."));
                response(status, body.to_owned())
            }
            Server::Refuses => {
                let refused = std::io::Error::other("connection refused");
                HttpConnectorFuture::ready(Err(ConnectorError::io(refused.into())))
            }
            Server::Silent => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

fn response(status: u16, body: String) -> HttpConnectorFuture {
    let status = status.try_into().expect("a status");
    HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
}

/// Returns a configuration as the environment would give it, and the number of its requests.
fn config(server: Server) -> (SdkConfig, Arc<AtomicU32>) {
    let requests = Arc::<AtomicU32>::default();
    let http = Http {
        server,
        requests: requests.clone(),
    };
    let credentials = Credentials::new("test", "test", None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(client::behavior_version())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .build();
    (config, requests)
}

async fn store(config: &SdkConfig) -> SecretsManagerTokenStore {
    let builder = SecretsManagerTokenStore::builder().sdk_config(config);
    builder.build().await.expect("the settings are valid")
}

fn responds(status: u16, body: &str) -> SdkConfig {
    config(Server::Responds(status, body.to_owned())).0
}

#[tokio::test(start_paused = true)]
async fn a_cause_begins_with_what_happened() {
    let (config, _) = config(Server::Refuses);
    let error = store(&config)
        .await
        .find_token_by_id("1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.source().unwrap().to_string(), "connection refused");

    let refusal = r#"{"__type": "SomeException", "message": "not today"}"#;
    let error = store(&responds(400, refusal))
        .await
        .find_token_by_id("1")
        .await
        .unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(!cause.starts_with("unhandled"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_are_named() {
    let (config, _) = config(Server::Silent);
    let mut without = config.to_builder();
    without.set_credentials_provider(None);
    let error = store(&without.build())
        .await
        .find_token_by_id("1")
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Unauthenticated,
        "{error} {error:?}"
    );
    assert!(!error.to_string().contains("try again"), "{error}");
}

/// Returns the number of attempts of a lookup that fails, and how long it takes.
async fn attempts(server: Server) -> (u32, Duration) {
    let (config, requests) = config(server);
    let store = store(&config).await;
    let began = Instant::now();
    let error = store.find_token_by_id("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    (requests.load(Ordering::Relaxed), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_call_is_attempted_three_times_with_short_pauses() {
    let seconds = Duration::from_secs;
    let failing = Server::Responds(503, String::new());
    for server in [failing, Server::Refuses] {
        let (attempts, took) = attempts(server).await;
        assert_eq!(attempts, 3);
        assert!(took <= seconds(3), "{took:?}");
    }
    let (attempts, took) = attempts(Server::Silent).await;
    assert_eq!(attempts, 3);
    assert!((seconds(15)..=seconds(18)).contains(&took), "{took:?}");
}
