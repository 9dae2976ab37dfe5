//! Lookups while AWS is unreachable: they return the last known record if that is enabled, and an
//! error otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::Level;
use uuid::Uuid;
use zoho_token_store::{ErrorKind, OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::log::Log;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};
use crate::support::wait::until;

/// Returns a store that has cached a user for a second and whose endpoint is gone. The user name is
/// unique.
async fn cut_off(stale_for: Duration) -> (TestStore, OAuthToken, OAuthToken) {
    let front = Front::new(|_| Reaction::Forward).await;
    let test = TestStore::with_endpoint(front.endpoint(), |builder| {
        builder
            .cache_time_to_live(Duration::from_secs(1))
            .serve_stale_for(stale_for)
    })
    .await;
    let user = format!("user-{}", Uuid::new_v4());
    let record = test.save(&login(&user)).await;
    let partial = token(&format!("user_name={user}"));
    assert_eq!(test.find(&partial).await.as_ref(), Some(&record));
    test.calls.take();
    (test, partial, record)
}

#[tokio::test]
async fn an_outage_serves_the_last_known_record_with_a_warning() {
    let log = Log::of_process(Level::WARN);
    let (test, by_user, record) = cut_off(Duration::from_secs(3_600)).await;
    for partial in [&by_user, &token(&format!("id={}", id(&record)))] {
        until("a lookup calls AWS without success", async || {
            assert_eq!(test.find(partial).await.as_ref(), Some(&record));
            test.calls.take().contains_key("GetSecretValue")
        })
        .await;
    }
    let log = log.text();
    let warnings = log.lines().filter(|line| line.contains(id(&record)));
    let warnings = warnings.filter(|line| line.contains("WARN") && line.contains("last known"));
    assert!(warnings.count() >= 2, "{log}");

    let unknown = test.store.find_token(&token("user_name=nobody")).await;
    let unsaved = token(&format!("id={} access_token=a2", id(&record)));
    for error in [unknown.err(), test.store.save_token(&unsaved).await.err()] {
        let error = error.expect("the lookup should fail");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
}

#[tokio::test]
async fn an_outage_serves_no_record_that_is_too_old_or_unless_enabled() {
    for stale_for in [Duration::ZERO, Duration::from_secs(1)] {
        let (test, by_user, _) = cut_off(stale_for).await;
        until("a lookup returns an error", async || {
            match test.store.find_token(&by_user).await {
                Ok(found) => {
                    assert!(
                        found.is_some(),
                        "an outage should not look like a missing token"
                    );
                    false
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                    true
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn an_outage_serves_no_expired_record_unless_enabled() {
    let front = Front::new(|_| Reaction::Forward).await;
    let test = TestStore::behind(&front).await;
    let expired = login("ada").to_builder().expiry_time(1).build();
    test.save(&expired.expect("a valid token")).await;
    drop(front);
    until("a lookup returns an error", async || {
        test.store
            .find_token(&token("user_name=ada"))
            .await
            .is_err()
    })
    .await;
}

#[tokio::test]
async fn a_refusal_by_aws_serves_no_stale_record() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let refuse = Arc::new(AtomicBool::new(false));
    let front = Front::new({
        let refuse = refuse.clone();
        move |_| match refuse.load(Ordering::Relaxed) {
            true => Reaction::Refuse {
                status: 400,
                code: "AccessDeniedException",
                message: "",
            },
            false => Reaction::Forward,
        }
    })
    .await;
    let process = TestStore::at(&test.prefix, front.endpoint(), |builder| {
        builder
            .cache_time_to_live(Duration::from_secs(1))
            .serve_stale_for(Duration::from_secs(3_600))
    })
    .await;
    assert!(process.find(&token("user_name=ada")).await.is_some());
    refuse.store(true, Ordering::Relaxed);
    until("a lookup returns the refusal", async || {
        match process.store.find_token(&token("user_name=ada")).await {
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::AccessDenied,
        }
    })
    .await;
}
