//! An operator makes an earlier version of a secret current again, as the console can.

use crate::support::store::TestStore;
use crate::support::token::{id, token};
use zoho_token_store::TokenStore;

/// Saves a record twice, and makes its first version current again.
async fn rolled_back(test: &TestStore) {
    test.save(&token("id=x user_name=u access_token=first"))
        .await;
    let first = test
        .secrets
        .current("x")
        .await
        .expect("the secret should be readable");
    test.save(&token("id=x access_token=second")).await;
    test.secrets.put_back("x", &first.version).await;
    test.store.invalidate("x");
    let found = test
        .find(&token("user_name=u"))
        .await
        .expect("the record should exist");
    assert_eq!(found, token("id=x user_name=u access_token=first"));
}

async fn holds(test: &TestStore, access_token: &str) {
    let document = test.secrets.document("x").await;
    assert_eq!(document["access_token"], access_token);
}

#[tokio::test]
async fn a_save_after_a_rollback_succeeds() {
    let test = TestStore::new().await;
    rolled_back(&test).await;
    test.save(&token("user_name=u access_token=third")).await;
    holds(&test, "third").await;
}

#[tokio::test]
async fn a_save_of_the_rolled_back_value_is_stored_again() {
    let test = TestStore::new().await;
    rolled_back(&test).await;
    test.save(&token("user_name=u access_token=second")).await;
    holds(&test, "second").await;
}

#[tokio::test]
async fn a_deletion_after_a_rollback_leaves_no_token() {
    let test = TestStore::new().await;
    rolled_back(&test).await;
    test.delete("x").await;
    test.secrets.restore("x").await;
    assert!(
        !test
            .secrets
            .document("x")
            .await
            .contains_key("access_token")
    );
    let partial = token("user_name=u");
    assert_eq!(
        test.store
            .find_token(&partial)
            .await
            .expect("the operation should succeed"),
        None
    );
    let saved = test.save(&token("id=x access_token=anew")).await;
    assert_eq!((id(&saved), saved.user_name()), ("x", None));
}
