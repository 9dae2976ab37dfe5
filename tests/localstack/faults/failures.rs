//! The errors that AWS's refusals and unusable settings become.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config};
use futures::StreamExt;
use zoho_token_store::{Error, ErrorKind, SecretsManagerTokenStore, TokenStore};

use crate::support::fingerprint_key::FingerprintKey;
use crate::support::front::{Front, REQUEST_ID, Reaction};
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

const DENIED: &str = "AccessDeniedException";

/// Returns the error of a lookup when every call is refused like this.
async fn find_when_refused(status: u16, code: &'static str, message: &'static str) -> Error {
    let front = Front::new(move |_| Reaction::Refuse {
        status,
        code,
        message,
    })
    .await;
    let test = TestStore::behind(&front).await;
    let error = test
        .store
        .find_token(&token("user_name=ada"))
        .await
        .expect_err("AWS should refuse the call");
    assert_eq!(error.operation(), Some("find_token"));
    assert_eq!(error.request_id(), Some(REQUEST_ID));
    assert!(
        error
            .secret_name()
            .is_some_and(|name| name.starts_with(&test.prefix)),
        "{error}"
    );
    assert!(
        std::error::Error::source(&error).is_some(),
        "the error should keep its cause"
    );
    error
}

#[tokio::test]
async fn each_refusal_maps_to_its_kind() {
    let refusals = [
        (
            400,
            "UnrecognizedClientException",
            ErrorKind::Unauthenticated,
        ),
        (400, "ExpiredTokenException", ErrorKind::Unauthenticated),
        (400, DENIED, ErrorKind::AccessDenied),
        (400, "DecryptionFailure", ErrorKind::Encryption),
        (400, "InvalidParameterException", ErrorKind::Other),
        (400, "SomethingNewException", ErrorKind::Other),
    ];
    for (status, code, kind) in refusals {
        let error = find_when_refused(status, code, "no").await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn transient_refusals_are_retryable() {
    let refusals = [
        (400, "ThrottlingException", ErrorKind::Throttled),
        (500, "InternalServiceError", ErrorKind::Unavailable),
        (500, "InternalServiceErrorException", ErrorKind::Unavailable),
        (503, "ServiceUnavailable", ErrorKind::Unavailable),
    ];
    for (status, code, kind) in refusals {
        let error = find_when_refused(status, code, "later").await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn a_denied_list_names_the_permission_and_the_workaround() {
    let front = Front::refusing("ListSecrets", 400, DENIED, "no").await;
    let test = TestStore::behind(&front).await;
    let errors = [
        test.store.find_token(&token("access_token=a")).await.err(),
        test.store.save_token(&login("ada")).await.err(),
        test.store.get_tokens().await.err(),
        test.store.delete_tokens().await.err(),
    ];
    for error in errors {
        let error = error.expect("the list should be denied");
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
        assert_eq!(error.missing_action(), Some("secretsmanager:ListSecrets"));
        assert!(
            error.to_string().contains("ZOHO_TOKEN_STORE_TAG_INDEX=off"),
            "{error}"
        );
    }
    assert!(test.secrets.all().await.is_empty());
}

#[tokio::test]
async fn every_denied_call_names_its_permission() {
    for action in [
        "GetSecretValue",
        "CreateSecret",
        "TagResource",
        "PutSecretValue",
        "DeleteSecret",
    ] {
        let front = Front::refusing(action, 400, DENIED, "no").await;
        let test = TestStore::behind(&front).await;
        let record = token("id=ada access_token=a1");
        if action != "CreateSecret" {
            test.another().await.save(&record).await;
        }
        let result = match action {
            "DeleteSecret" => test.store.delete_token("ada").await.err(),
            _ => test
                .store
                .save_token(&token("id=ada access_token=a2"))
                .await
                .err(),
        };
        let error = result.expect("the call should be denied");
        assert_eq!(
            error.missing_action(),
            Some(format!("secretsmanager:{action}").as_str()),
            "{error}"
        );
        assert_eq!(front.seen(action), 1, "{action} should not be retried");
        let left = test.another().await.find_by_id("ada").await;
        assert_eq!(
            left.as_ref(),
            (action != "CreateSecret").then_some(&record),
            "{action}"
        );
    }
}

#[tokio::test]
async fn replaced_tags_that_could_not_be_removed_are_removed_by_the_next_save() {
    let front = Front::refusing("UntagResource", 400, DENIED, "no").await;
    let test = TestStore::behind(&front).await;
    let ada = test.save(&login("ada")).await;
    test.save(&token("user_name=ada access_token=a2")).await;
    assert_eq!(front.seen("UntagResource"), 1);
    let of_access = async || {
        let tags = test.secrets.tags(id(&ada)).await.into_values();
        tags.filter(|value| value.starts_with("access_token:"))
            .count()
    };
    assert_eq!(of_access().await, 2);

    let process = test.another().await;
    assert_eq!(process.find(&token("access_token=a-ada")).await, None);
    process.save(&token("user_name=ada api_domain=d")).await;
    assert_eq!(of_access().await, 1);
    let found = test.another().await.find(&token("access_token=a2")).await;
    assert_eq!(found.as_ref().map(id), Some(id(&ada)));
}

#[tokio::test]
async fn a_batch_that_fails_is_an_error_of_each_of_its_secrets() {
    let action = "BatchGetSecretValue";
    let front = Front::refusing(action, 500, "InternalServiceError", "later").await;
    let test = TestStore::behind(&front).await;
    let mut ids = Vec::new();
    for user in ["ada", "bob", "eve"] {
        let saved = test.save(&login(user)).await;
        ids.push(format!("{}{}", test.prefix, id(&saved)));
    }
    let mut names = Vec::new();
    let mut tokens = test.store.tokens();
    while let Some(token) = tokens.next().await {
        let error = token.expect_err("no record can be read");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        names.extend(error.secret_name().map(str::to_owned));
    }
    ids.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, ids);
}

#[tokio::test]
async fn get_tokens_reads_one_by_one_if_batches_are_denied() {
    let front = Front::refusing("BatchGetSecretValue", 400, DENIED, "no").await;
    let test = TestStore::behind(&front).await;
    for number in 0..3 {
        test.save(&login(&format!("user{number}"))).await;
    }
    for _ in 0..2 {
        assert_eq!(test.all().await.len(), 3);
    }
    assert_eq!(
        front.seen("BatchGetSecretValue"),
        1,
        "a denied batch should not be tried again"
    );
}

#[tokio::test]
async fn a_token_that_is_too_large_for_a_secret_is_not_written() {
    let test = TestStore::new().await;
    let ada = test.save(&token("id=ada access_token=a")).await;
    test.calls.take();
    let large = "x".repeat(65_536);
    for columns in [
        format!("id=ada redirect_url={large}"),
        format!("id=new access_token={large}"),
    ] {
        let error = test
            .store
            .save_token(&token(&columns))
            .await
            .expect_err("the token should be too large");
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    }
    assert_eq!(
        test.calls.of("GetSecretValue"),
        test.calls.total(),
        "the store should only read"
    );
    assert_eq!(test.another().await.all().await, [ada]);
}

#[tokio::test]
async fn a_store_without_a_region_is_not_built() {
    let client = Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .build(),
    );
    let error = SecretsManagerTokenStore::builder()
        .client(client)
        .build()
        .await
        .expect_err("a store without a region should not be built");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    assert!(error.to_string().contains("AWS_REGION"), "{error}");
}

#[tokio::test]
async fn a_fingerprint_key_that_is_missing_or_too_short_names_its_secret() {
    let test = TestStore::new().await;
    for key in [
        FingerprintKey::new("too short").await,
        FingerprintKey::missing(),
    ] {
        let process = test
            .another_with(|builder| builder.fingerprint_key_secret(&key.name))
            .await;
        let error = process
            .store
            .save_token(&login("ada"))
            .await
            .expect_err("the fingerprint key should be refused");
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
        assert_eq!(error.secret_name(), Some(key.name.as_str()));
    }
    assert!(test.secrets.all().await.is_empty());
}
