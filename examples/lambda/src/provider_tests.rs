//! Tests of what the function does with Zoho, which is a fake.

#[path = "../../fake_zoho/mod.rs"]
mod fake;

use std::time::{Duration, SystemTime};

use fake::FakeZoho;
use serde_json::{Value, json};
use zoho_token_store::{DataCenter, MemoryTokenStore, OAuthToken, TokenProvider, TokenStore};

use crate::handler::respond;

const ADA: &str = "ada@example.com:70001";

/// A provider for a store with Ada's token, which expires after this time.
async fn provider(zoho: &FakeZoho, expires_in: Duration) -> TokenProvider {
    let login = zoho.control("login", json!({}));
    let mut ada = OAuthToken::builder();
    for (name, value) in login.as_object().expect("a token is an object") {
        let value = value.as_str().expect("a column is a text");
        ada = ada.field(name.parse().expect("the name of a column"), value);
    }
    let ada = ada.expires_at(SystemTime::now() + expires_in).build();
    let store = MemoryTokenStore::new();
    let saved = store.save_token(&ada.expect("the token is valid")).await;
    saved.expect("memory does not fail");
    let zoho = DataCenter::custom(zoho.url(), zoho.url()).expect("it is on this machine");
    let provider = TokenProvider::builder(store).data_center(zoho).build();
    provider.expect("there is an HTTP client")
}

async fn answer(provider: &TokenProvider, request: Value) -> Value {
    let answer = respond(provider, &request).await;
    answer.expect("there is an answer")
}

#[tokio::test]
async fn a_call_has_another_access_token_if_zoho_refuses_the_first() {
    let zoho = FakeZoho::start(0).expect("there is a free port");
    let provider = provider(&zoho, Duration::from_secs(3600)).await;
    let request = json!({"user_name": ADA, "module": "Contacts"});
    let first = answer(&provider, request.clone()).await;
    assert_eq!(first["status"], 200);
    assert_eq!(first["body"]["data"][0]["Module"], "Contacts");
    assert_eq!(zoho.requests("refresh"), 0);
    zoho.control("expire", json!({}));
    assert_eq!(answer(&provider, request).await["status"], 200);
    assert_eq!(zoho.requests("refresh"), 1);
    assert_eq!(zoho.requests("records"), 3);
}

#[tokio::test]
async fn a_sweep_refreshes_what_expires_soon() {
    let zoho = FakeZoho::start(0).expect("there is a free port");
    let provider = provider(&zoho, Duration::from_secs(800)).await;
    let done =
        |expiring| json!({"records": 1, "expiring": expiring, "refreshed": expiring, "failed": []});
    let request = |seconds: u64| json!({"refresh_expiring_seconds": seconds});
    assert_eq!(answer(&provider, request(700)).await, done(0));
    assert_eq!(answer(&provider, request(900)).await, done(1));
    assert_eq!(answer(&provider, request(900)).await, done(0));
    assert_eq!(zoho.requests("refresh"), 1);
}

#[tokio::test]
async fn a_token_that_zoho_does_not_accept_is_reported_by_its_id() {
    let zoho = FakeZoho::start(0).expect("there is a free port");
    let provider = provider(&zoho, Duration::ZERO).await;
    zoho.control("logout", json!({}));
    let swept = answer(&provider, json!({"refresh_expiring_seconds": 900})).await;
    assert_eq!(swept["refreshed"], 0);
    assert_eq!(swept["failed"][0]["kind"], "needs_login");
}

#[tokio::test]
async fn a_module_that_is_no_name_is_refused() {
    let zoho = FakeZoho::start(0).expect("there is a free port");
    let provider = provider(&zoho, Duration::from_secs(3600)).await;
    for module in [json!(""), json!("../org"), json!("a?b"), json!(7)] {
        let request = json!({"user_name": ADA, "module": module});
        respond(&provider, &request)
            .await
            .expect_err("it is malformed");
    }
    assert_eq!(zoho.requests("records"), 0);
}
