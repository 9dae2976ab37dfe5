//! Responses that are not Secrets Manager's, or too large.

use crate::secrets_manager::aws::calls::Address;
use aws_config::SdkConfig;
use secrecy::SecretString;

use super::{responds, store};
use crate::secrets_manager::Deletion;
use crate::secrets_manager::aws::calls::SecretsManager;
use crate::secrets_manager::aws::client;
use crate::secrets_manager::aws::rate_limit::RateLimits;
use crate::testing::token;
use crate::{Error, ErrorKind, TokenStore};

const X: Address<'_> = Address {
    name: "x",
    arn: "x",
};

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
        aws.put(X, &document, "x").await.err(),
        aws.restore(X).await.err(),
        aws.delete(X, aws.deletion).await.err(),
        aws.replicate(X).await.err(),
        aws.remove_replicas(X, vec!["us-east-1".into()]).await.err(),
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
