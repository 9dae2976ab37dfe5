//! What is answered when AWS cannot be asked: the last known record, if that is wanted, and else an
//! error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::Level;
use zoho_token_store::{ErrorKind, OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::log::Log;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};
use crate::support::wait::until;

/// A store that has cached Ada for a second, and whose endpoint is gone now.
async fn cut_off(stale_for: Duration) -> (TestStore, OAuthToken) {
    let front = Front::new(|_| Reaction::Forward).await;
    let test = TestStore::with_endpoint(front.endpoint(), |builder| {
        builder
            .cache_time_to_live(Duration::from_secs(1))
            .serve_stale_for(stale_for)
    })
    .await;
    let ada = test.save(&login("ada")).await;
    assert_eq!(
        test.find(&token("user_name=ada")).await.as_ref(),
        Some(&ada)
    );
    test.calls.take();
    (test, ada)
}

#[tokio::test]
async fn in_an_outage_the_last_known_record_is_served_with_a_warning() {
    let (log, _guard) = Log::of_thread(Level::WARN);
    let (test, ada) = cut_off(Duration::from_secs(3_600)).await;
    for partial in [token("user_name=ada"), token(&format!("id={}", id(&ada)))] {
        until("AWS is asked in vain", async || {
            let found = test
                .store
                .find_token(&partial)
                .await
                .expect("the last known is served");
            assert_eq!(found.as_ref(), Some(&ada));
            test.calls.total() > 0
        })
        .await;
        let warning = log.text();
        assert!(
            warning.contains("WARN")
                && warning.contains("last known")
                && warning.contains(id(&ada)),
            "{warning}"
        );
        test.calls.take();
    }
    let unknown = test
        .store
        .find_token(&token("user_name=bob"))
        .await
        .expect_err("nobody knows");
    assert_eq!(unknown.kind(), ErrorKind::Unavailable);
    let save = test
        .store
        .save_token(&token("user_name=ada access_token=a2"))
        .await
        .expect_err("it is not saved");
    assert_eq!(save.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn in_an_outage_nothing_is_served_stale_that_is_too_old_or_unless_it_is_wanted() {
    for stale_for in [Duration::ZERO, Duration::from_secs(1)] {
        let (test, _) = cut_off(stale_for).await;
        until("the outage is reported", async || {
            match test.store.find_token(&token("user_name=ada")).await {
                Ok(found) => {
                    assert!(found.is_some(), "an outage is reported as no such token");
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
async fn nothing_is_served_stale_when_aws_says_no() {
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
    until("AWS's no is reported", async || {
        match process.store.find_token(&token("user_name=ada")).await {
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::AccessDenied,
        }
    })
    .await;
}
