//! Keeps the table of refreshes in docs/costs.md in line with the calls that a refresh makes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::time::{Duration, SystemTime};

use super::processes::{expired, provider};
use super::zoho::Zoho;
use crate::support::store::TestStore;
use crate::support::token::token;

const DAY: f64 = 86_400.0;
const SECONDS_A_MONTH: f64 = 730.0 * 3600.0;
const LIFETIME: f64 = 3600.0;

/// AWS's price for a call, in US dollars, and its quotas in requests a second.
const CALL: f64 = 0.05 / 10_000.0;
const PUT_QUOTA: f64 = 50.0;
const TAG_QUOTA: f64 = 50.0;

/// AWS keeps about this many versions of a secret, and all of the last day.
const VERSIONS: f64 = 100.0;

/// The windows before the expiry, in seconds: one process draws 300 to 600, and of many processes one
/// draws almost 600.
const WINDOWS: [(&str, f64); 2] = [
    ("one process, on average", 450.0),
    ("many processes", 600.0),
];

/// Counts the calls of a refresh by a process that has the token cached.
async fn calls_of_a_refresh() -> BTreeMap<String, usize> {
    let test = TestStore::two_hours_ago().await;
    let soon = SystemTime::now() + Duration::from_secs(200);
    let soon = expired("ada").to_builder().expires_at(soon).build();
    test.save(&soon.expect("a valid token")).await;
    let process = test.another().await;
    let partial = token("user_name=ada");
    process.find(&partial).await;
    process.calls.take();
    let refreshed = provider(&process, &Zoho::default())
        .access_token(&partial)
        .await;
    refreshed.expect("the token is refreshed");
    process.calls.take()
}

fn table(calls: &BTreeMap<String, usize>) -> String {
    let total = calls.values().sum::<usize>() as f64;
    let puts = calls["PutSecretValue"] as f64;
    let tags = (calls["TagResource"] + calls["UntagResource"]) as f64;
    let mut table = "| | refreshes a day | calls a day | versions a day, of about 100 | dollars a month \
                     for 10,000 tokens | tokens within AWS's quotas |\n|---|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (who, window) in WINDOWS {
        let refreshes = DAY / (LIFETIME - window);
        let versions = refreshes * puts;
        assert!(versions < VERSIONS, "a day has {versions} versions");
        let a_month = SECONDS_A_MONTH / (LIFETIME - window) * total * CALL * 10_000.0;
        let a_second = 1.0 / (LIFETIME - window);
        let tokens = (PUT_QUOTA / (puts * a_second)).min(TAG_QUOTA / (tags * a_second));
        writeln!(
            table,
            "| {who} | {refreshes:.1} | {:.0} | {versions:.0} | {a_month:.0} | {:.0},000 |",
            refreshes * total,
            (tokens / 1000.0).floor(),
        )
        .expect("writing to a string does not fail");
    }
    table
}

#[tokio::test]
async fn the_table_of_refreshes_matches_the_counted_calls() {
    let table = table(&calls_of_a_refresh().await);
    let costs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/costs.md");
    let costs = fs::read_to_string(costs).expect("docs/costs.md should be readable");
    assert!(
        costs.contains(&table),
        "the table in docs/costs.md should be:\n{table}"
    );
}
