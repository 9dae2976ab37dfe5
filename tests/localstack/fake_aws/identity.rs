//! Expired credentials, and clocks that differ.

use serde_json::json;
use zoho_token_store::{ErrorKind, TokenStore};

use super::{Caller, only};
use crate::support::fake_aws::{FakeAws, Rules};
use crate::support::store::TestStore;
use crate::support::token::{login, token};

#[tokio::test]
async fn expired_credentials_are_refused_until_they_are_renewed() {
    let aws = FakeAws::new(Rules::seeded(1));
    let test =
        TestStore::with_endpoint(aws.endpoint(), |builder| builder.cache_capacity(None)).await;
    let ada = test.save(&login("ada")).await;
    aws.change(|rules| rules.credentials_expired = true);
    let error = test.store.find_token(&token("user_name=ada")).await;
    let error = error.expect_err("expired credentials should be refused");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    aws.change(|rules| rules.credentials_expired = false);
    assert_eq!(test.find(&token("user_name=ada")).await, Some(ada));
}

#[tokio::test]
async fn a_signature_is_refused_if_the_clocks_differ_by_more_than_five_minutes() {
    let aws = FakeAws::new(only(|_| {}));
    let test =
        TestStore::with_endpoint(aws.endpoint(), |builder| builder.cache_capacity(None)).await;
    let ada = test.save(&login("ada")).await;
    for (ahead, what) in [
        (-400, Some("Signature not yet current")),
        (-200, None),
        (200, None),
        (400, Some("Signature expired")),
    ] {
        aws.change(|rules| rules.clock_ahead = ahead);
        let found = test.store.find_token(&token("user_name=ada")).await;
        match what {
            None => assert_eq!(
                found.expect("the difference should be tolerated"),
                Some(ada.clone())
            ),
            Some(what) => {
                let error = found.expect_err("the signature should be refused");
                assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
                let cause = std::error::Error::source(&error).map(|cause| format!("{cause:?}"));
                assert!(
                    cause.as_deref().unwrap_or_default().contains(what),
                    "{cause:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn dates_in_responses_follow_the_clock_of_aws() {
    let caller = Caller::new(only(|_| {}));
    caller.create("a").await;
    let created = async || {
        let read = caller.ok("GetSecretValue", "a", json!({})).await;
        read["CreatedDate"].as_f64().expect("a date")
    };
    let here = created().await;
    caller.aws.change(|rules| rules.clock_ahead = 250);
    assert!((created().await - here - 250.0).abs() < 1.0);
}
