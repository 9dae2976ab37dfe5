//! BatchGetSecretValue: its limits, and errors beside values.

use serde_json::{Value, json};

use super::{Caller, only, refusal, succeeded};
use crate::support::fake_aws::{FakeAws, Fault, LONGEST_LAG, Rules};
use crate::support::store::TestStore;
use crate::support::token::login;

fn names(caller: &Caller, ids: impl IntoIterator<Item = usize>) -> Value {
    let names = ids
        .into_iter()
        .map(|id| json!(caller.secrets.name(&id.to_string())));
    json!({"SecretIdList": names.collect::<Value>()})
}

#[tokio::test]
async fn a_batch_holds_at_most_twenty_secrets() {
    let caller = Caller::new(only(|rules| rules.limits = true));
    let filters = json!([{"Key": "name", "Values": [caller.prefix]}]);
    let both = {
        let mut both = names(&caller, 0..1);
        both["Filters"] = filters.clone();
        both
    };
    let with_most = {
        let mut with_most = names(&caller, 0..1);
        with_most["MaxResults"] = json!(5);
        with_most
    };
    let cases = [
        (names(&caller, 0..20), ""),
        (names(&caller, 0..21), "ValidationException"),
        (json!({}), "InvalidParameterException"),
        (both, "InvalidParameterException"),
        (with_most, "InvalidParameterException"),
    ];
    for (body, code) in cases {
        assert_eq!(
            caller.send_body("BatchGetSecretValue", body).await.code(),
            code
        );
    }

    for id in 0..23 {
        caller.create(&id.to_string()).await;
    }
    let page = succeeded(
        caller
            .send_body("BatchGetSecretValue", json!({"Filters": filters}))
            .await,
    );
    assert_eq!(page["SecretValues"].as_array().map(Vec::len), Some(20));
    let rest = json!({"Filters": filters, "NextToken": page["NextToken"]});
    let rest = succeeded(caller.send_body("BatchGetSecretValue", rest).await);
    assert_eq!(rest["SecretValues"].as_array().map(Vec::len), Some(3));
    assert!(rest.get("NextToken").is_none());
}

#[tokio::test]
async fn a_batch_reports_errors_beside_values() {
    let caller = Caller::new(only(|_| {}));
    for id in ["0", "1", "2"] {
        caller.create(id).await;
    }
    caller.ok("DeleteSecret", "1", json!({})).await;
    let read = async || {
        succeeded(
            caller
                .send_body("BatchGetSecretValue", names(&caller, 0..4))
                .await,
        )
    };
    let codes = |batch: &Value| {
        let errors = batch["Errors"].as_array().into_iter().flatten();
        let codes = errors.filter_map(|error| Some(error["ErrorCode"].as_str()?.to_owned()));
        codes.collect::<Vec<_>>()
    };
    let batch = read().await;
    assert_eq!(batch["SecretValues"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        codes(&batch),
        ["InvalidRequestException", "ResourceNotFoundException"]
    );

    caller.aws.order("BatchGetSecretValue", Fault::PartialBatch);
    let batch = read().await;
    assert_eq!(batch["SecretValues"].as_array().map(Vec::len), Some(1));
    assert!(codes(&batch).contains(&"InternalServiceError".to_owned()));
}

#[tokio::test]
async fn a_store_reads_secrets_missing_from_a_batch_one_by_one() {
    let aws = FakeAws::new(only(|_| {}));
    let test = TestStore::with_endpoint(aws.endpoint(), |builder| builder).await;
    let ada = test.save(&login("ada")).await;
    aws.order("BatchGetSecretValue", Fault::PartialBatch);
    assert_eq!(test.all().await, [ada]);
    assert_eq!(aws.injected()[&Fault::PartialBatch], 1);
}

#[tokio::test]
async fn a_batch_by_filters_lags_like_a_list() {
    let caller = Caller::new(only(|rules| rules.list_lag = LONGEST_LAG..=LONGEST_LAG));
    caller.create("a").await;
    let filters = json!({"Filters": [{"Key": "name", "Values": [caller.prefix]}]});
    let read = async || {
        succeeded(
            caller
                .send_body("BatchGetSecretValue", filters.clone())
                .await,
        )
    };
    assert_eq!(read().await["SecretValues"], json!([]));
    caller.aws.advance(LONGEST_LAG);
    assert_eq!(read().await["SecretValues"][0]["SecretString"], "v");
}

#[tokio::test]
async fn a_fake_without_rules_behaves_like_localstack() {
    let caller = Caller::new(Rules::none(1));
    let response = caller
        .send_body("BatchGetSecretValue", names(&caller, 0..21))
        .await;
    assert!(response.is_ok(), "{}", refusal(&response));
}
