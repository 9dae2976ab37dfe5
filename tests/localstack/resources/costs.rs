//! Keeps the table in docs/costs.md in line with the calls that the store makes.

use std::fmt::Write;
use std::fs;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

use crate::support::calls::Calls;
use crate::support::localstack;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// AWS Secrets Manager pricing, in US dollars.
const SECRET_A_MONTH: f64 = 0.40;
const CALL: f64 = 0.05 / 10_000.0;

const SECONDS_A_MONTH: f64 = 730.0 * 3600.0;

/// The cache's default time to live, in seconds.
const CACHED: f64 = 300.0;

/// AWS Secrets Manager endpoints and quotas, in requests per second.
const GET_QUOTA: f64 = 10_000.0;
const LIST_QUOTA: f64 = 50.0;
const PUT_QUOTA: f64 = 50.0;
const TAG_QUOTA: f64 = 50.0;

/// Calls per operation.
struct Counts {
    find: f64,
    refresh: f64,
    /// The calls of a refresh that change tags, which have one quota.
    refresh_tags: f64,
    plain_list: f64,
    plain_get: f64,
}

impl Counts {
    async fn measured() -> Self {
        let test = TestStore::two_hours_ago().await;
        let ada = test.save(&login("ada")).await;
        let process = test.another().await;
        process.find(&token("user_name=ada")).await;
        let find = process.calls.take();
        assert_eq!(find.keys().collect::<Vec<_>>(), ["GetSecretValue"]);
        process.find(&token("user_name=ada")).await;
        assert_eq!(
            process.calls.total(),
            0,
            "the second lookup should be a cache hit"
        );
        process.save(&token("user_name=ada access_token=a-2")).await;
        let refresh = process.calls.take();
        assert_eq!(refresh["PutSecretValue"], 1);

        // A store without derived names and cache: find the tag in the list, then read.
        let calls = Calls::default();
        let config = localstack::config(localstack::endpoint()).interceptor(calls.clone());
        let aws = Client::from_conf(config.build());
        let tag = test.secrets.index(id(&ada)).await["user"].value.clone();
        let filter = Filter::builder()
            .key(FilterNameStringType::TagValue)
            .values(tag);
        let listed = aws.list_secrets().filters(filter.build()).send().await;
        let listed = listed.expect("the secrets are listed");
        let name = listed.secret_list()[0].name().expect("a secret has a name");
        let read = aws.get_secret_value().secret_id(name).send().await;
        read.expect("the secret is read");
        Counts {
            find: find.values().sum::<usize>() as f64,
            refresh: refresh.values().sum::<usize>() as f64,
            refresh_tags: (refresh["TagResource"] + refresh["UntagResource"]) as f64,
            plain_list: calls.of("ListSecrets") as f64,
            plain_get: calls.of("GetSecretValue") as f64,
        }
    }
}

/// Returns the table. Each token is looked up once a second, by all containers in turn.
fn table(counts: &Counts) -> String {
    let mut table =
        "| tokens | containers | stored | refreshed every hour | looked up, cached | not cached | \
                     by tag, not cached |\n|---:|---:|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for tokens in [100.0, 10_000.0, 100_000.0] {
        for containers in [1.0, 100.0, 1000.0] {
            let refreshes = tokens / 3600.0;
            // Each container looks a token up every `containers` seconds; the first lookup after
            // the time to live is a call.
            let misses = tokens * containers / (CACHED + containers);
            let refreshes_over_quota =
                refreshes > PUT_QUOTA || counts.refresh_tags * refreshes > TAG_QUOTA;
            let (get, list) = (counts.plain_get * tokens, counts.plain_list * tokens);
            writeln!(
                table,
                "| {} | {} | {} | {} | {} | {} | {} |",
                grouped(tokens),
                grouped(containers),
                dollars(tokens * SECRET_A_MONTH),
                cost(counts.refresh * refreshes, refreshes_over_quota, "²"),
                cost(counts.find * misses, counts.find * misses > GET_QUOTA, "¹"),
                cost(counts.find * tokens, counts.find * tokens > GET_QUOTA, "¹"),
                cost(get + list, list > LIST_QUOTA, "³"),
            )
            .expect("writing to a string does not fail");
        }
    }
    table
}

/// Returns the monthly cost of this many calls per second, marked if they exceed a quota.
fn cost(calls_a_second: f64, over_quota: bool, mark: &str) -> String {
    let dollars = dollars(calls_a_second * SECONDS_A_MONTH * CALL);
    format!("{dollars}{}", if over_quota { mark } else { "" })
}

fn dollars(amount: f64) -> String {
    match amount < 100.0 {
        true => format!("{amount:.2}"),
        false => grouped(amount),
    }
}

fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[tokio::test]
async fn the_cost_table_in_the_readme_matches_the_counted_calls() {
    let table = table(&Counts::measured().await);
    let costs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/costs.md");
    let costs = fs::read_to_string(costs).expect("docs/costs.md should be readable");
    assert!(
        costs.contains(&table),
        "the table in docs/costs.md should be:\n{table}"
    );
}
