//! Requests that cannot be sent, and what is shown of the others.

use crate::secrets_manager::aws::calls::Address;
use std::error::Error as StdError;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_secretsmanager::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use secrecy::SecretString;

use super::{Server, config, responds};
use crate::{ErrorKind, SecretsManagerTokenStore, TokenStore};

#[tokio::test]
async fn an_unusable_endpoint_is_a_setting_to_correct_and_shows_no_value() {
    let (config, requests) = config(Server::Silent);
    let unusable = config.to_builder().endpoint_url("localhost:4566").build();
    let builder = SecretsManagerTokenStore::builder();
    let refused = builder.sdk_config(&unusable).build().await.unwrap_err();

    // The endpoint of a client is only known when a call is made.
    let client = Client::new(&unusable);
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

#[tokio::test]
async fn a_custom_endpoint_has_no_fips_or_dual_stack_variant() {
    let (config, requests) = config(Server::Silent);
    let with_endpoint = || config.to_builder().endpoint_url("http://localhost:4566");
    let unusable = [
        with_endpoint().use_fips(true).build(),
        with_endpoint().use_dual_stack(true).build(),
    ];
    for config in unusable {
        let builder = SecretsManagerTokenStore::builder().sdk_config(&config);
        let store = builder.build().await.unwrap();
        let error = store.find_token_by_id("1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
        for setting in ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] {
            assert!(error.to_string().contains(setting), "{error}");
        }
    }
    assert_eq!(requests.load(Ordering::Relaxed), 0);
}

/// Shows a request as the SDK does when it logs it.
#[derive(Clone, Debug, Default)]
struct Shown(Arc<Mutex<String>>);

#[dyn_dispatch_hint]
impl Intercept for Shown {
    fn name(&self) -> &'static str {
        "shown"
    }

    fn read_before_attempt(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let signed = request.body().bytes().unwrap_or_default();
        assert!(String::from_utf8_lossy(signed).contains("confidential"));
        *self.0.lock().unwrap() = format!("{request:?}");
        Ok(())
    }
}

#[tokio::test]
async fn a_request_does_not_show_its_body_from_the_first_attempt_on() {
    let shown = Shown::default();
    let client = Builder::from(&responds(200, "{}"));
    let client = client.interceptor(shown.clone()).build();
    let client = Client::from_conf(client);
    let builder = SecretsManagerTokenStore::builder().client(client);
    let store = builder.build().await.unwrap();
    let document = SecretString::from("confidential");
    let put = store
        .core
        .aws
        .put(
            Address {
                name: "x",
                arn: "x",
            },
            &document,
            "x",
        )
        .await;
    assert!(put.is_err());
    let shown = shown.0.lock().unwrap();
    assert!(shown.contains("secretsmanager.PutSecretValue"), "{shown}");
    assert!(!shown.contains("confidential"), "{shown}");
}
