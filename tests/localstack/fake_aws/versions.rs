//! Versions that are put again.

use serde_json::json;

use super::{Caller, only};

#[tokio::test]
async fn a_version_that_is_put_again_changes_nothing_and_returns_its_labels() {
    let caller = Caller::new(only(|_| {}));
    caller.create("a").await;
    let put = |number: u8| {
        let token = format!("{number:032}");
        json!({"SecretString": number.to_string(), "ClientRequestToken": token})
    };
    let labels = async |number| {
        let put = caller.ok("PutSecretValue", "a", put(number)).await;
        assert_eq!(put["VersionId"], format!("{number:032}"));
        put["VersionStages"].clone()
    };
    for (number, expected) in [
        (1, json!(["AWSCURRENT"])),
        (1, json!(["AWSCURRENT"])),
        (2, json!(["AWSCURRENT"])),
        (1, json!(["AWSPREVIOUS"])),
        (3, json!(["AWSCURRENT"])),
        (1, json!([])),
        (2, json!(["AWSPREVIOUS"])),
    ] {
        assert_eq!(labels(number).await, expected, "{number}");
    }
    let value = caller.ok("GetSecretValue", "a", json!({})).await;
    assert_eq!(value["SecretString"], "3");

    let mut other = put(1);
    other["SecretString"] = json!("another value");
    let refused = caller.refused("PutSecretValue", "a", other).await;
    assert!(refused.starts_with("ResourceExistsException"), "{refused}");
}
