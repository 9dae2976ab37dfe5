//! Limits on names, tags, filters, values, versions and staging labels.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, only, refusal, succeeded};

const VALIDATION: &str = "ValidationException";
const INVALID: &str = "InvalidParameterException";
const LIMIT: &str = "LimitExceededException";

fn tags(number: usize) -> Value {
    (0..number)
        .map(|number| json!({"Key": format!("k{number}"), "Value": "v"}))
        .collect()
}

fn tag(key: &str, value: &str) -> Value {
    json!([{"Key": key, "Value": value}])
}

/// Values at a limit pass, and values above it are refused.
#[tokio::test]
async fn names_values_and_tags_are_limited() {
    let caller = Caller::new(only(|rules| rules.limits = true));
    let x = |length: usize| "x".repeat(length);
    let rest = 512 - caller.prefix.len();
    let value = |value: String| json!({"SecretString": value});
    let tagged = |tags: Value| json!({"SecretString": "v", "Tags": tags});
    let cases = [
        (x(rest), value(x(1)), None),
        (x(rest + 1), value(x(1)), Some(VALIDATION)),
        ("a b".into(), value(x(1)), Some(VALIDATION)),
        ("ü".into(), value(x(1)), Some(VALIDATION)),
        ("a/_+=.@-".into(), value(x(1)), None),
        ("like-abc123".into(), value(x(1)), Some(INVALID)),
        ("unlike-abc12".into(), value(x(1)), None),
        ("v".into(), value(x(65_536)), None),
        ("w".into(), value(x(65_537)), Some(VALIDATION)),
        ("t50".into(), tagged(tags(50)), None),
        ("t51".into(), tagged(tags(51)), Some(INVALID)),
        ("k".into(), tagged(tag(&x(127), &x(255))), None),
        ("k1".into(), tagged(tag(&x(128), "")), Some(VALIDATION)),
        ("k2".into(), tagged(tag("k", &x(256))), Some(VALIDATION)),
        ("k3".into(), tagged(tag("a c", "+-=._:/@")), None),
        ("k4".into(), tagged(tag("aws:x", "")), Some(INVALID)),
        ("k5".into(), tagged(tag("k", "a#b")), Some(INVALID)),
        (
            "k6".into(),
            tagged(json!([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}])),
            Some(INVALID),
        ),
    ];
    for (id, body, refused) in cases {
        let response = caller.call("CreateSecret", &id, body).await;
        assert_eq!(
            response.code(),
            refused.unwrap_or_default(),
            "{id}: {}",
            response.body()
        );
    }

    let short = json!({"SecretString": "v", "ClientRequestToken": "short"});
    let refused = caller.refused("PutSecretValue", "v", short).await;
    assert!(refused.starts_with(INVALID), "{refused}");
    let large = value(x(65_537));
    for action in ["PutSecretValue", "UpdateSecret"] {
        let refused = caller.refused(action, "v", large.clone()).await;
        assert!(refused.starts_with(VALIDATION), "{refused}");
    }
}

#[tokio::test]
async fn existing_and_new_tags_are_counted_together() {
    let caller = Caller::new(only(|rules| rules.limits = true));
    let body = json!({"SecretString": "v", "Tags": tags(49)});
    caller.ok("CreateSecret", "a", body).await;
    for (key, refused) in [("k0", false), ("new", false), ("newer", true)] {
        let response = caller
            .call("TagResource", "a", json!({"Tags": tag(key, "2")}))
            .await;
        assert_eq!(
            response.code() == INVALID,
            refused,
            "{key}: {}",
            response.code()
        );
    }
    caller
        .ok("UntagResource", "a", json!({"TagKeys": ["k0"]}))
        .await;
    caller
        .ok("TagResource", "a", json!({"Tags": tag("newer", "2")}))
        .await;
}

#[tokio::test]
async fn filters_are_limited() {
    let caller = Caller::new(only(|rules| rules.limits = true));
    let filter = |values: Value| json!({"Key": "tag-value", "Values": values});
    let values = |number: usize| (0..number).map(|number| number.to_string()).collect();
    let repeated = |number: usize| (0..number).map(|_| filter(json!(["v"]))).collect();
    let cases: [(Value, Option<&str>); 8] = [
        (repeated(10), None),
        (repeated(11), Some(VALIDATION)),
        (json!([filter(values(10))]), None),
        (json!([filter(values(11))]), Some(VALIDATION)),
        (json!([filter(json!(["x".repeat(512)]))]), None),
        (json!([filter(json!(["x".repeat(513)]))]), Some(VALIDATION)),
        (json!([filter(json!(["!a b:_@/+=.-!"]))]), None),
        (json!([filter(json!(["a#b"]))]), Some(VALIDATION)),
    ];
    for (filters, refused) in cases {
        let response = caller
            .send_body("ListSecrets", json!({"Filters": filters}))
            .await;
        assert_eq!(
            response.code(),
            refused.unwrap_or_default(),
            "{}",
            response.body()
        );
    }
}

#[tokio::test]
async fn versions_per_day_are_limited() {
    let caller = Caller::new(only(|rules| rules.versions = 3));
    caller.create("a").await;
    let last = Uuid::new_v4().to_string();
    caller
        .ok("PutSecretValue", "a", json!({"SecretString": "2"}))
        .await;
    let put = json!({"SecretString": "3", "ClientRequestToken": last});
    caller.ok("PutSecretValue", "a", put.clone()).await;
    let refused = caller
        .refused("PutSecretValue", "a", json!({"SecretString": "4"}))
        .await;
    assert!(refused.starts_with(LIMIT), "{refused}");
    caller.ok("PutSecretValue", "a", put).await;
    caller.aws.advance(Duration::from_secs(24 * 60 * 60));
    caller
        .ok("PutSecretValue", "a", json!({"SecretString": "4"}))
        .await;
}

#[tokio::test]
async fn staging_labels_are_limited() {
    let caller = Caller::new(only(|rules| rules.limits = true));
    caller.create("a").await;
    let labels = |number| {
        (0..number)
            .map(|number| json!(format!("L{number}")))
            .collect::<Value>()
    };
    let put = |number| json!({"SecretString": "2", "VersionStages": labels(number)});
    // AWSCURRENT is one more label.
    let refused = caller.refused("PutSecretValue", "a", put(20)).await;
    assert!(refused.starts_with(LIMIT), "{refused}");
    caller.ok("PutSecretValue", "a", put(19)).await;
}

#[tokio::test]
async fn a_repeated_creation_succeeds() {
    let caller = Caller::new(only(|rules| rules.idempotent_create = true));
    let create = |value| json!({"SecretString": value, "ClientRequestToken": "one-token-of-32-characters-at-least"});
    let first = succeeded(caller.call("CreateSecret", "a", create("1")).await);
    let again = succeeded(caller.call("CreateSecret", "a", create("1")).await);
    assert_eq!(first, again);
    let other = refusal(&caller.call("CreateSecret", "a", create("2")).await);
    assert!(other.starts_with("ResourceExistsException"), "{other}");
}
