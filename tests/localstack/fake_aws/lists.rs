//! Lists: lag, filters and pages.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Caller, only, refusal, succeeded};
use crate::support::fake_aws::{LONGEST_LAG, Rules};

fn stale() -> Rules {
    only(|rules| rules.list_lag = LONGEST_LAG..=LONGEST_LAG)
}

fn tagged(value: &str) -> Value {
    json!({"Key": "tag-value", "Values": [value]})
}

#[tokio::test]
async fn a_list_shows_a_change_after_its_lag() {
    let caller = Caller::new(stale());
    let tag = |value| json!({"Tags": [{"Key": "k", "Value": value}]});
    let none: [&str; 0] = [];
    caller.create("a").await;
    assert_eq!(caller.listed(&[]).await, none);
    caller.aws.advance(LONGEST_LAG - Duration::from_secs(1));
    assert_eq!(caller.listed(&[]).await, none);
    caller.ok("TagResource", "a", tag("one")).await;
    caller.aws.advance(Duration::from_secs(1));
    assert_eq!(caller.listed(&[]).await, ["a"]);
    assert_eq!(caller.listed(&[tagged("one")]).await, none);

    caller.aws.advance(LONGEST_LAG);
    assert_eq!(caller.listed(&[tagged("one")]).await, ["a"]);
    caller.ok("TagResource", "a", tag("two")).await;
    assert_eq!(caller.listed(&[tagged("one")]).await, ["a"]);
    caller.ok("DeleteSecret", "a", json!({})).await;
    assert_eq!(caller.listed(&[tagged("one")]).await, ["a"]);
    caller.aws.advance(LONGEST_LAG);
    assert_eq!(caller.listed(&[]).await, none);
    caller.ok("RestoreSecret", "a", json!({})).await;
    caller.aws.advance(LONGEST_LAG);
    assert_eq!(caller.listed(&[tagged("two")]).await, ["a"]);
    let described = caller.ok("DescribeSecret", "a", json!({})).await;
    assert_eq!(described["Tags"][0]["Value"], "two");
}

#[tokio::test]
async fn each_change_has_its_own_lag_and_lists_never_go_back() {
    for seed in 0..5 {
        let caller = Caller::new(Rules {
            list_lag: Duration::ZERO..=LONGEST_LAG,
            ..Rules::none(seed)
        });
        caller.create("a").await;
        let mut shown = Vec::new();
        for value in ["1", "2", "3"] {
            let tags = json!({"Tags": [{"Key": "k", "Value": value}]});
            caller.ok("TagResource", "a", tags).await;
        }
        for _ in 0..=10 {
            let mut of_now = Vec::new();
            for value in ["1", "2", "3"] {
                if !caller.listed(&[tagged(value)]).await.is_empty() {
                    of_now.push(value);
                }
            }
            assert!(of_now.len() <= 1, "{of_now:?}");
            shown.extend(of_now);
            caller.aws.advance(LONGEST_LAG / 10);
        }
        assert!(shown.is_sorted(), "{shown:?}");
        assert_eq!(shown.last(), Some(&"3"));
    }
}

#[tokio::test]
async fn secrets_created_past_the_fake_are_listed_at_once() {
    let caller = Caller::new(stale());
    caller.secrets.create("old", Some("v"), &[("k", "v")]).await;
    assert_eq!(caller.listed(&[tagged("v")]).await, ["old"]);
    caller
        .ok(
            "DeleteSecret",
            "old",
            json!({"ForceDeleteWithoutRecovery": true}),
        )
        .await;
    assert_eq!(caller.listed(&[]).await, ["old"]);
    caller.aws.advance(LONGEST_LAG);
    assert!(caller.listed(&[]).await.is_empty());
}

#[tokio::test]
async fn filters_match_prefixes_and_do_not_pair_tag_keys_with_values() {
    let caller = Caller::new(Rules::none(1));
    for (id, tags) in [
        ("a", [("k", "one"), ("l", "two")]),
        ("b", [("K", "One"), ("m", "three")]),
    ] {
        let tags = tags.map(|(key, value)| json!({"Key": key, "Value": value}));
        let create = json!({"SecretString": "v", "Tags": tags});
        caller.ok("CreateSecret", id, create).await;
    }
    let filter = |key: &str, values: &[&str]| json!({"Key": key, "Values": values});
    let cases = [
        (vec![], vec!["a", "b"]),
        (vec![filter("tag-value", &["on"])], vec!["a"]),
        (vec![filter("tag-value", &["on", "thr"])], vec!["a", "b"]),
        (
            vec![filter("tag-value", &["two"]), filter("tag-key", &["k"])],
            vec!["a"],
        ),
        (
            vec![filter("tag-value", &["two"]), filter("tag-key", &["m"])],
            vec![],
        ),
        (vec![filter("tag-value", &["!on"])], vec!["b"]),
        (vec![filter("all", &["thr"])], vec!["b"]),
    ];
    for (filters, expected) in cases {
        assert_eq!(caller.listed(&filters).await, expected, "{filters:?}");
    }
}

#[tokio::test]
async fn pages_can_be_short_or_empty_before_the_last_one() {
    let caller = Caller::new(only(|rules| rules.short_pages = true));
    let ids: Vec<_> = (0..9).map(|number| number.to_string()).collect();
    for id in &ids {
        caller.create(id).await;
    }
    let (mut empty, mut short) = (0, 0);
    for _ in 0..10 {
        let mut body =
            json!({"Filters": [{"Key": "name", "Values": [caller.prefix]}], "MaxResults": 5});
        let mut names = 0;
        loop {
            let page = succeeded(caller.send_body("ListSecrets", body.clone()).await);
            let size = page["SecretList"].as_array().map_or(0, Vec::len);
            assert!(size <= 5);
            names += size;
            let Some(next) = page.get("NextToken") else {
                break;
            };
            empty += usize::from(size == 0);
            short += usize::from((1..5).contains(&size));
            body["NextToken"] = next.clone();
        }
        assert_eq!(names, ids.len());
    }
    assert!(
        empty > 0 && short > 0,
        "{empty} empty and {short} short pages"
    );
    let response = caller
        .send_body("ListSecrets", json!({"NextToken": "nonsense"}))
        .await;
    assert!(refusal(&response).starts_with("InvalidNextTokenException"));
}
