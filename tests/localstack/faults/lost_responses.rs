//! Saves that AWS applied but whose response is lost, with stale lists: the same process finds,
//! lists and updates what it saved.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use zoho_token_store::{ErrorKind, OAuthToken, TokenStore};

use crate::support::fake_aws::{FakeAws, Fault, Rules};
use crate::support::localstack;
use crate::support::store::TestStore;
use crate::support::token::{login, token};

/// A store that makes each call once.
async fn store(aws: &FakeAws) -> TestStore {
    let config = localstack::config(aws.endpoint()).retry_config(RetryConfig::disabled());
    let client = Client::from_conf(config.build());
    TestStore::with_endpoint(aws.endpoint(), |builder| builder.client(client)).await
}

/// Saves, and loses the response to the write.
async fn save_without_response(
    aws: &FakeAws,
    test: &TestStore,
    action: &str,
    columns: &OAuthToken,
) {
    aws.order(action, Fault::ResetAfter);
    let error = test.store.save_token(columns).await;
    let error = error.expect_err("the response should be lost");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn a_repeated_save_is_listed_at_once() {
    let aws = FakeAws::new(Rules::default().with_stale_lists());
    let test = store(&aws).await;
    save_without_response(&aws, &test, "CreateSecret", &login("ada")).await;
    let ada = test.save(&login("ada")).await;
    assert_eq!(test.all().await, [ada]);
    assert_eq!(aws.executed()["CreateSecret"], 1);
}

/// Another process stored the token before and has ended since.
#[tokio::test]
async fn an_unchanged_save_is_listed_at_once() {
    let aws = FakeAws::new(Rules::default().with_stale_lists());
    let dead = store(&aws).await;
    dead.save(&login("ada")).await;
    let test = TestStore::at(&dead.prefix, aws.endpoint(), |builder| builder).await;
    let ada = test.save(&login("ada")).await;
    assert_eq!(test.all().await, [ada]);
}

#[tokio::test]
async fn a_record_with_a_given_id_is_not_stored_twice() {
    let aws = FakeAws::new(Rules::default().with_stale_lists());
    let test = store(&aws).await;
    let own = token("id=own user_name=ada access_token=a1");
    save_without_response(&aws, &test, "CreateSecret", &own).await;
    let changed = test.save(&token("user_name=ada access_token=a2")).await;
    assert_eq!(changed, token("id=own user_name=ada access_token=a2"));
    assert_eq!(test.all().await, [changed]);

    let renamed = token("id=own refresh_token=r");
    save_without_response(&aws, &test, "PutSecretValue", &renamed).await;
    let by_new_key = token("refresh_token=r client_id=c client_secret=s");
    let saved = test.save(&by_new_key).await;
    assert_eq!(saved.id(), Some("own"));
    assert_eq!(test.all().await, [saved]);
}
