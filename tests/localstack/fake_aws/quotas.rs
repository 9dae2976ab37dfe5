//! Quotas in requests per second.

use std::time::Duration;

use serde_json::json;

use super::{Caller, only};
use crate::support::fake_aws::Quotas;

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
