//! Foreign or damaged secrets under the prefix: the store reports them, and never returns or
//! changes them.

use serde_json::json;
use zoho_token_store::{Error, ErrorKind, OAuthToken, TokenStore};

use crate::support::secrets::{Current, MANAGED_BY};
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

async fn value(test: &TestStore, id: &str) -> Current {
    test.secrets
        .current(id)
        .await
        .expect("the secret can be read")
}

fn is_decode(error: Option<Error>, secret: &str) -> Error {
    let error = error.expect("an unreadable record should be an error");
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains(secret), "{error}");
    error
}

/// Checks that every method that meets the record with this id reports it and leaves it unchanged.
pub async fn is_left_alone(test: &TestStore, id: &str) {
    let (before, name) = (value(test, id).await, test.secrets.name(id));
    let store = &test.store;
    let saved = token(&format!("id={id} user_name=eve access_token=a"));
    for error in [
        store.find_token_by_id(id).await.err(),
        store.find_token(&saved).await.err(),
        store.save_token(&saved).await.err(),
        store.delete_token(id).await.err(),
    ] {
        let error = is_decode(error, &name);
        assert_eq!(error.secret_name(), Some(name.as_str()));
        assert!(!error.is_retryable());
    }
    assert_eq!(value(test, id).await, before);
    assert!(!test.secrets.is_marked_for_deletion(id).await);
}

async fn ada(test: &TestStore) -> OAuthToken {
    test.save(&login("ada")).await
}

#[tokio::test]
async fn a_foreign_secret_is_reported_by_its_id_and_left_alone() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.secrets
        .create("foreign", Some(r#"{"password": "1"}"#), &[])
        .await;
    is_left_alone(&test, "foreign").await;
    assert_eq!(
        test.store
            .get_tokens()
            .await
            .expect("the list should succeed"),
        [ada]
    );
    test.store
        .delete_tokens()
        .await
        .expect("the deletion should succeed");
    assert!(!test.secrets.is_marked_for_deletion("foreign").await);
}

#[tokio::test]
async fn a_damaged_record_is_named_and_does_not_hide_others() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.secrets
        .create("damaged", Some("not JSON"), &[MANAGED_BY])
        .await;
    is_left_alone(&test, "damaged").await;

    let name = test.secrets.name("damaged");
    let error = is_decode(test.store.get_tokens().await.err(), &name);
    assert_eq!(error.readable_tokens(), std::slice::from_ref(&ada));
    is_decode(test.store.delete_tokens().await.err(), &name);
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
    assert!(!test.secrets.is_marked_for_deletion("damaged").await);
}

#[tokio::test]
async fn several_damaged_records_are_all_named() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.secrets
        .create("one", Some("not JSON"), &[MANAGED_BY])
        .await;
    test.secrets.create("two", Some("[]"), &[MANAGED_BY]).await;
    let error = is_decode(
        test.store.get_tokens().await.err(),
        &test.secrets.name("one"),
    );
    assert!(
        error.to_string().contains(&test.secrets.name("two")),
        "{error}"
    );
    assert_eq!(error.readable_tokens(), [ada]);
}

#[tokio::test]
async fn a_record_whose_value_was_damaged_by_hand_is_not_overwritten() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.secrets
        .put(id(&ada), r#"{"schema_version": "1"}"#)
        .await;
    let process = test.another().await;
    is_left_alone(&process, id(&ada)).await;
    is_decode(
        process.store.save_token(&login("ada")).await.err(),
        &test.secrets.name(id(&ada)),
    );
    is_decode(
        test.store.save_token(&login("ada")).await.err(),
        &test.secrets.name(id(&ada)),
    );
}

#[tokio::test]
async fn a_newer_schema_advises_an_update_and_is_left_alone() {
    let test = TestStore::new().await;
    let newer = json!({"schema_version": "2", "id": "newer", "access_token": "a"});
    test.secrets
        .create("newer", Some(&newer.to_string()), &[MANAGED_BY])
        .await;
    is_left_alone(&test, "newer").await;
    let error = test
        .store
        .find_token_by_id("newer")
        .await
        .expect_err("the record should be unreadable");
    assert!(error.to_string().contains("update"), "{error}");
}

#[tokio::test]
async fn a_binary_secret_is_left_alone() {
    let test = TestStore::new().await;
    test.secrets.create("binary", None, &[MANAGED_BY]).await;
    test.secrets.put_binary("binary", b"\x00\x01").await;
    is_left_alone(&test, "binary").await;
}

#[tokio::test]
async fn a_managed_secret_without_a_value_is_filled() {
    let test = TestStore::new().await;
    let elsewhere = TestStore::new().await;
    let derived = ada(&elsewhere).await;
    test.secrets.create(id(&derived), None, &[MANAGED_BY]).await;
    assert_eq!(test.find(&token("user_name=ada")).await, None);
    assert_eq!(test.all().await, []);

    assert_eq!(ada(&test).await, derived);
    let process = test.another().await;
    let found = process.find(&token("access_token=a-ada")).await;
    assert_eq!(found, Some(derived));
}

#[tokio::test]
async fn a_foreign_secret_without_a_value_is_a_conflict_and_stays_empty() {
    let test = TestStore::new().await;
    test.secrets
        .create("empty", None, &[("owner", "somebody")])
        .await;
    assert_eq!(test.find_by_id("empty").await, None);
    let error = test
        .store
        .save_token(&token("id=empty access_token=a"))
        .await
        .expect_err("the name should be taken");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(
        error.secret_name(),
        Some(test.secrets.name("empty").as_str())
    );
    assert_eq!(test.secrets.current("empty").await, None);
    assert_eq!(test.secrets.tags("empty").await.len(), 1);
}

#[tokio::test]
async fn a_foreign_secret_that_is_marked_for_deletion_is_not_restored() {
    let test = TestStore::new().await;
    test.secrets.create("marked", Some("foreign"), &[]).await;
    test.secrets.delete("marked").await;
    assert_eq!(test.find_by_id("marked").await, None);
    let error = test
        .store
        .save_token(&token("id=marked access_token=a"))
        .await
        .expect_err("the name should be taken");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(test.secrets.is_marked_for_deletion("marked").await);
}

#[tokio::test]
async fn secrets_whose_names_encode_no_id_are_neither_listed_nor_deleted() {
    let test = TestStore::new().await;
    let document = json!({"schema_version": "1", "id": "a", "access_token": "a"}).to_string();
    for name in ["below/a", "=61", "a="] {
        test.secrets
            .create(name, Some(&document), &[MANAGED_BY])
            .await;
    }
    assert_eq!(
        test.store
            .get_tokens()
            .await
            .expect("the list should succeed"),
        []
    );
    test.store
        .delete_tokens()
        .await
        .expect("the deletion should succeed");
    for name in ["below/a", "=61", "a="] {
        assert!(!test.secrets.is_marked_for_deletion(name).await, "{name}");
    }
}

#[tokio::test]
async fn delete_tokens_keeps_a_record_without_the_managed_by_tag() {
    let test = TestStore::new().await;
    let saved = test.save(&token("id=ada access_token=a")).await;
    test.secrets.untag("ada", MANAGED_BY.0).await;
    assert_eq!(test.find_by_id("ada").await, Some(saved));
    test.delete_all().await;
    assert!(!test.secrets.is_marked_for_deletion("ada").await);
}
