//! Which calls are retried, and how long the store waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use zoho_token_store::{ErrorKind, TokenStore};

use crate::support::front::{self, Front, Reaction};
use crate::support::localstack::ATTEMPTS;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

#[tokio::test]
async fn an_exhausted_version_quota_is_not_retried() {
    for (action, columns) in [
        ("PutSecretValue", "user_name=ada api_domain=d"),
        ("CreateSecret", "user_name=bob access_token=b"),
    ] {
        let front = Front::refusing(action, 400, "LimitExceededException", "too many").await;
        let test = TestStore::behind(&front).await;
        test.another().await.save(&login("ada")).await;
        let error = test
            .store
            .save_token(&token(columns))
            .await
            .expect_err("the quota should be exhausted");
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
        assert!(!error.is_retryable());
        assert_eq!(front.seen(action), 1);
    }
}

#[tokio::test]
async fn a_record_with_an_exhausted_version_quota_can_be_deleted() {
    let front = Front::refusing("PutSecretValue", 400, "LimitExceededException", "too many").await;
    let test = TestStore::behind(&front).await;
    let ada = test.save(&login("ada")).await;
    test.delete(id(&ada)).await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);

    // The secret still holds the token, so no save restores it.
    let part = token("user_name=ada access_token=a2");
    for test in [&test, &test.another().await] {
        let saved = test.save(&part).await;
        assert_ne!(saved.id(), ada.id());
        assert!(saved.grant_token().is_none());
        assert_eq!(test.another().await.all().await, [saved]);
    }
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
}

#[tokio::test]
async fn a_throttled_call_is_retried() {
    let front = Front::new({
        let is_first = AtomicBool::new(true);
        move |_| match is_first.swap(false, Ordering::Relaxed) {
            true => Reaction::Refuse {
                status: 400,
                code: "ThrottlingException",
                message: "Rate exceeded",
            },
            false => Reaction::Forward,
        }
    })
    .await;
    let found = TestStore::behind(&front)
        .await
        .store
        .find_token_by_id("nobody")
        .await;
    assert_eq!(found.expect("the call should be retried"), None);
    assert_eq!(front.seen("GetSecretValue"), 2);
}

#[tokio::test]
async fn a_write_whose_response_is_lost_succeeds_and_is_applied_once() {
    for action in [
        "CreateSecret",
        "PutSecretValue",
        "TagResource",
        "DeleteSecret",
    ] {
        let front = Front::new({
            let is_first = AtomicBool::new(true);
            move |request| match request.action == action && is_first.swap(false, Ordering::Relaxed)
            {
                true => Reaction::LoseResponse,
                false => Reaction::Forward,
            }
        })
        .await;
        let test = TestStore::behind(&front).await;
        let ada = test.save(&login("ada")).await;
        let changed = test.save(&token("user_name=ada access_token=a2")).await;
        let stored = test.another().await.all().await;
        assert_eq!(stored, [changed], "{action}");
        test.delete(id(&ada)).await;
        assert_eq!(test.another().await.all().await, [], "{action}");
        assert_eq!(
            front.seen(action),
            if action == "PutSecretValue" { 3 } else { 2 },
            "{action} should be sent once per write"
        );
    }
}

#[tokio::test]
async fn an_endpoint_without_a_listener_is_unavailable() {
    let endpoint = front::nothing().await;
    let test = TestStore::at("test-nothing/", &endpoint, |builder| builder).await;
    let began = Instant::now();
    let errors = [
        test.store.find_token(&token("user_name=ada")).await.err(),
        test.store.find_token_by_id("ada").await.err(),
        test.store.save_token(&login("ada")).await.err(),
        test.store.delete_token("ada").await.err(),
        test.store.get_tokens().await.err(),
        test.store.delete_tokens().await.err(),
    ];
    for error in errors {
        let error = error.expect("an outage should be an error");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn timeouts_limit_the_wait_for_a_silent_server() {
    let front = Front::new(|_| Reaction::Silence).await;
    let find = async |attempt, operation| {
        let test = TestStore::with_endpoint(front.endpoint(), |builder| {
            builder
                .attempt_timeout(Duration::from_millis(attempt))
                .operation_timeout(Duration::from_millis(operation))
        })
        .await;
        let began = Instant::now();
        let error = test
            .store
            .find_token_by_id("ada")
            .await
            .expect_err("a call without a response should time out");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        (test.calls.total(), began.elapsed())
    };
    let (attempts, time) = find(50, 20_000).await;
    assert!(
        attempts == ATTEMPTS as usize && time < Duration::from_secs(10),
        "{attempts} attempts in {time:?}"
    );
    let (attempts, time) = find(20_000, 200).await;
    assert!(
        attempts == 1 && time < Duration::from_secs(10),
        "{attempts} attempts in {time:?}"
    );
}
