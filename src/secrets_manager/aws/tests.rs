//! A store whose HTTP client returns prepared responses: what is not Secrets Manager's, what is too
//! large, endpoints that cannot be used, and how long a call is retried.

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
use secrecy::SecretString;
use tokio::time::Instant;

use super::calls::SecretsManager;
use super::client;
use super::rate_limit::RateLimits;
use crate::secrets_manager::Deletion;
use crate::testing::token;
use crate::{Error, ErrorKind, SecretsManagerTokenStore, TokenStore};

/// What happens to every request.
#[derive(Clone, Debug)]
enum Server {
    Responds(u16, String),
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
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.server.clone() {
            Server::Responds(status, body) => {
                let status = status.try_into().expect("a status");
                let response = HttpResponse::new(status, SdkBody::from(body));
                HttpConnectorFuture::ready(Ok(response))
            }
            Server::Refuses => {
                let refused = std::io::Error::other("connection refused");
                HttpConnectorFuture::ready(Err(ConnectorError::io(refused.into())))
            }
            Server::Silent => HttpConnectorFuture::new(std::future::pending()),
        }
    }
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

/// Returns the error of each operation.
async fn errors(config: &SdkConfig) -> Vec<Error> {
    let store = store(config).await;
    let key = token("access_token=confidential");
    let errors = [
        store.find_token_by_id("1").await.err(),
        store.find_token(&key).await.err(),
        store.save_token(&key).await.err(),
        store.delete_token("1").await.err(),
        store.get_tokens().await.err(),
        store.delete_tokens().await.err(),
        store.warm_up().await.err(),
    ];
    let errors = errors.into_iter().enumerate();
    errors
        .map(|(number, error)| error.unwrap_or_else(|| panic!("operation {number} succeeds")))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_of_secrets_manager_is_an_outage_that_says_so() {
    let html = "<html><title>Log in to the network</title></html>";
    for (status, body) in [
        (200, "{}"),
        (200, r#"{"status": "ok"}"#),
        (200, r#"{"SecretString": "confidential"}"#),
        (200, html),
        (200, ""),
        (302, ""),
        (403, html),
        (404, r#"{"code": "NotFound", "message": "no route"}"#),
        (407, html),
    ] {
        for error in errors(&responds(status, body)).await {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{status}: {error}");
            let text = error.to_string();
            assert!(text.contains("as Secrets Manager does"), "{status}: {text}");
            assert!(text.contains("AWS_ENDPOINT_URL"), "{status}: {text}");
            assert!(!text.contains("delete the"), "{status}: {text}");
            assert!(!format!("{error:?}").contains("confidential"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn every_call_checks_that_its_success_is_of_secrets_manager() {
    let builder = client::config(&responds(200, "{}")).unwrap();
    let aws = SecretsManager {
        client: client::finish(builder, None, None).unwrap(),
        kms_key_id: None,
        extra_tags: Vec::new(),
        replica_regions: vec!["us-east-1".into()],
        deletion: Deletion::Force,
        rate_limits: RateLimits::new(None),
    };
    let document = SecretString::from("confidential");
    let failures = [
        aws.get("x").await.err(),
        aws.batch_get(vec!["x".into()]).await.err(),
        aws.describe("x").await.err(),
        aws.list("x", vec!["x".into()], None).await.err(),
        aws.create("x", &document, Vec::new(), "x").await.err(),
        aws.put("x", &document, "x").await.err(),
        aws.restore("x").await.err(),
        aws.delete("x").await.err(),
        aws.replicate("x").await.err(),
        aws.remove_replicas("x", vec!["us-east-1".into()])
            .await
            .err(),
    ];
    for (number, failure) in failures.into_iter().enumerate() {
        let failure = failure.unwrap_or_else(|| panic!("call {number} succeeds"));
        assert_eq!(
            failure.error.kind(),
            ErrorKind::Unavailable,
            "call {number}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_too_large_is_not_read() {
    let padding = "x".repeat(2 << 20);
    let value = format!(r#"{{"Name": "x", "VersionId": "v", "SecretString": "{padding}"}}"#);
    let error = store(&responds(200, &value))
        .await
        .find_token_by_id("1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("larger"), "{error}");

    // A page of the list may have this size.
    let page = format!(r#"{{"SecretList": [], "Padding": "{padding}"}}"#);
    let tokens = store(&responds(200, &page)).await.get_tokens().await;
    assert_eq!(tokens.unwrap(), []);
}

#[tokio::test]
async fn an_unusable_endpoint_is_a_setting_to_correct_and_shows_no_value() {
    let (config, requests) = config(Server::Silent);
    let unusable = config.to_builder().endpoint_url("localhost:4566").build();
    let builder = SecretsManagerTokenStore::builder();
    let refused = builder.sdk_config(&unusable).build().await.unwrap_err();

    // The endpoint of a client is only known when a call is made.
    let client = aws_sdk_secretsmanager::Client::new(&unusable);
    let builder = SecretsManagerTokenStore::builder().client(client);
    let store = builder.build().await.unwrap();
    let found = store.find_token_by_id("1").await.unwrap_err();
    let document = SecretString::from("confidential");
    let saved = store.core.aws.create("x", &document, Vec::new(), "x");
    let saved = saved.await.unwrap_err().error;
    for error in [refused, found, saved] {
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("AWS_ENDPOINT_URL"), "{error}");
        assert!(!error.to_string().contains("try again"), "{error}");
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let shown: String = causes.map(|cause| format!("{cause} {cause:?}")).collect();
        assert!(!shown.contains("confidential"), "{shown}");
    }
    assert_eq!(requests.load(Ordering::Relaxed), 0);
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
