//! Quotas in requests per second.

use std::time::Duration;

use serde_json::json;
use zoho_token_store::{ErrorKind, TokenStore};

use super::{Caller, only};
use crate::support::fake_aws::{FakeAws, Quotas};
use crate::support::store::TestStore;
use crate::support::token::login;

const THROTTLED: &str = "ThrottlingException: Rate exceeded";

#[tokio::test]
async fn requests_above_a_quota_are_refused_until_a_second_has_passed() {
    let caller = Caller::new(only(|rules| {
        rules.quotas = Some(Quotas {
            put_update: 2.0,
            ..Quotas::AWS
        });
    }));
    caller.create("a").await;
    for _ in 0..2 {
        caller
            .ok("PutSecretValue", "a", json!({"SecretString": "2"}))
            .await;
        caller
            .ok("UpdateSecret", "a", json!({"Description": "d"}))
            .await;
        for action in ["PutSecretValue", "UpdateSecret"] {
            let refused = caller
                .refused(action, "a", json!({"SecretString": "3"}))
                .await;
            assert_eq!(refused, THROTTLED);
        }
        caller.ok("GetSecretValue", "a", json!({})).await;
        caller.aws.advance(Duration::from_secs(1));
    }
    assert_eq!(caller.aws.received("PutSecretValue"), 4);
    assert_eq!(caller.aws.executed()["PutSecretValue"], 2);
    assert_eq!(caller.aws.refused()["ThrottlingException"], 4);
}

#[tokio::test]
async fn a_store_that_stays_throttled_returns_throttled() {
    let aws = FakeAws::new(only(|rules| {
        rules.quotas = Some(Quotas {
            create: 0.0,
            ..Quotas::AWS
        });
    }));
    let test = TestStore::with_endpoint(aws.endpoint(), |builder| builder).await;
    test.save(&login("ada")).await;
    let error = test.store.save_token(&login("bob")).await;
    let error = error.expect_err("the second creation should be throttled");
    assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    assert!(error.is_retryable());
}
