//! Secrets that are marked for deletion, and forced deletions.

use std::time::Duration;

use serde_json::json;

use super::{Caller, only, refusal, succeeded};

const MARKED: &str = "InvalidRequestException: You can't perform this operation on the secret \
                      because it was marked for deletion.";
const SCHEDULED: &str = "InvalidRequestException: You can't create this secret because a secret \
                         with this name is already scheduled for deletion.";

#[tokio::test]
async fn a_secret_marked_for_deletion_cannot_be_changed() {
    let caller = Caller::new(only(|rules| rules.refuse_marked = true));
    caller.create("a").await;
    caller.ok("DeleteSecret", "a", json!({})).await;
    let refused = [
        ("PutSecretValue", json!({"SecretString": "2"})),
        ("UpdateSecret", json!({"SecretString": "2"})),
        ("TagResource", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
        ("UntagResource", json!({"TagKeys": ["k"]})),
        ("GetSecretValue", json!({})),
    ];
    for (action, body) in refused {
        assert_eq!(caller.refused(action, "a", body).await, MARKED, "{action}");
    }
    let create = json!({"SecretString": "2"});
    assert_eq!(caller.refused("CreateSecret", "a", create).await, SCHEDULED);
    caller.ok("DescribeSecret", "a", json!({})).await;
    caller.ok("RestoreSecret", "a", json!({})).await;
    let value = caller.ok("GetSecretValue", "a", json!({})).await;
    assert_eq!(value["SecretString"], "v");
}

#[tokio::test]
async fn a_forced_deletion_takes_time() {
    let takes = Duration::from_secs(7);
    let caller = Caller::new(only(|rules| rules.forced_deletion = takes..=takes));
    caller.create("a").await;
    let forced = json!({"ForceDeleteWithoutRecovery": true});
    let deleted = caller.ok("DeleteSecret", "a", forced.clone()).await;
    assert_eq!(deleted["Name"], caller.secrets.name("a"));

    caller.aws.advance(takes - Duration::from_millis(1));
    let create = || json!({"SecretString": "2"});
    assert_eq!(
        caller.refused("GetSecretValue", "a", json!({})).await,
        MARKED
    );
    assert_eq!(
        caller.refused("CreateSecret", "a", create()).await,
        SCHEDULED
    );
    assert_eq!(
        caller.refused("RestoreSecret", "a", json!({})).await,
        MARKED
    );
    caller.ok("DeleteSecret", "a", forced).await;

    caller.aws.advance(Duration::from_millis(1));
    let refused = caller.refused("GetSecretValue", "a", json!({})).await;
    assert!(
        refused.starts_with("ResourceNotFoundException"),
        "{refused}"
    );
    caller.ok("CreateSecret", "a", create()).await;
    let value = caller.ok("GetSecretValue", "a", json!({})).await;
    assert_eq!(value["SecretString"], "2");
}

#[tokio::test]
async fn the_arn_of_a_deleted_secret_does_not_reach_one_created_again() {
    let caller = Caller::new(only(|rules| rules.refuse_marked = true));
    let arn = async || {
        let described = caller.ok("DescribeSecret", "a", json!({})).await;
        described["ARN"].as_str().expect("an ARN").to_owned()
    };
    caller.create("a").await;
    let former = arn().await;
    let forced = json!({"ForceDeleteWithoutRecovery": true});
    caller.ok("DeleteSecret", "a", forced.clone()).await;
    caller.create("a").await;
    let current = arn().await;
    assert_ne!(former, current);
    let token = "0123456789abcdef0123456789abcdef";
    let writes = [
        ("TagResource", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
        ("UntagResource", json!({"TagKeys": ["k"]})),
        (
            "PutSecretValue",
            json!({"SecretString": "2", "ClientRequestToken": token}),
        ),
        ("DeleteSecret", forced),
    ];
    for (action, body) in writes {
        let of = |arn: &str| {
            let mut body = body.clone();
            body["SecretId"] = json!(arn);
            body
        };
        let refused = refusal(&caller.send_body(action, of(&former)).await);
        assert!(
            refused.starts_with("ResourceNotFoundException"),
            "{action}: {refused}"
        );
        succeeded(caller.send_body(action, of(&current)).await);
    }
}

#[tokio::test]
async fn a_marked_secret_can_be_force_deleted_and_then_not_restored() {
    let takes = Duration::from_secs(7);
    let caller = Caller::new(only(|rules| rules.forced_deletion = takes..=takes));
    caller.create("a").await;
    caller.ok("DeleteSecret", "a", json!({})).await;
    caller
        .ok(
            "DeleteSecret",
            "a",
            json!({"ForceDeleteWithoutRecovery": true}),
        )
        .await;
    assert_eq!(
        caller.refused("RestoreSecret", "a", json!({})).await,
        MARKED
    );
    caller.aws.advance(takes);
    let refused = caller.refused("DescribeSecret", "a", json!({})).await;
    assert!(
        refused.starts_with("ResourceNotFoundException"),
        "{refused}"
    );
}
