//! Deleted records stay deleted, even if the secret is restored or the deletion stopped halfway.

use serde_json::json;
use zoho_token_store::{Deletion, ErrorKind, OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::store::TestStore;
use crate::support::token::{KEYS_OF_ADA, id, in_client, login, token};

async fn ada(test: &TestStore) -> OAuthToken {
    test.save(&login("ada")).await
}

/// Checks that neither this process nor another one finds the record.
async fn is_gone(test: &TestStore, record: &OAuthToken) {
    for test in [test, &test.another().await] {
        let store = &test.store;
        assert_eq!(
            store
                .find_token_by_id(id(record))
                .await
                .expect("the operation should succeed"),
            None
        );
        for pair in KEYS_OF_ADA {
            let partial = in_client(pair);
            assert_eq!(
                store
                    .find_token(&partial)
                    .await
                    .expect("the operation should succeed"),
                None,
                "{pair}"
            );
        }
        assert_eq!(
            store
                .get_tokens()
                .await
                .expect("the operation should succeed"),
            []
        );
    }
}

/// Saves a part of Ada's login and checks that the record is new, whatever the secret held before,
/// and that it has the deleted record's id.
async fn is_saved_afresh(test: &TestStore, old: &OAuthToken) {
    let saved = saved_afresh(test).await;
    assert_eq!(
        saved.id(),
        old.id(),
        "the id should be derived from the user again"
    );
}

/// Saves a part of Ada's login and checks that the record is new, whatever the secret held before.
async fn saved_afresh(test: &TestStore) -> OAuthToken {
    let part = token("user_name=ada access_token=a-new");
    let saved = test.save(&part).await;
    let expected = part
        .to_builder()
        .id(id(&saved))
        .build()
        .expect("a valid token");
    assert_eq!(
        saved, expected,
        "the new record should keep nothing of the old one"
    );
    for test in [test, &test.another().await] {
        let found = test.find(&token("user_name=ada")).await;
        assert_eq!(found.as_ref(), Some(&expected));
        assert_eq!(test.all().await, std::slice::from_ref(&expected));
    }
    let grant = token("grant_token=g-ada client_id=c client_secret=s");
    assert_eq!(test.find(&grant).await, None);
    saved
}

/// Checks that a token can be saved although a secret that somebody has deleted by hand, and that
/// holds a token, has its derived name: the secret stays deleted, and the token gets the next name.
async fn is_saved_beside(test: &TestStore, deleted: &OAuthToken) {
    let saved = saved_afresh(test).await;
    assert_ne!(saved.id(), deleted.id());
    assert!(test.secrets.is_marked_for_deletion(id(deleted)).await);
    let changed = test.save(&token("user_name=ada api_domain=d")).await;
    assert_eq!(changed.id(), saved.id());
    assert_eq!(test.secrets.all().await.len(), 2);

    // To restore the secret by hand brings the token back as it was.
    test.secrets.restore(id(deleted)).await;
    let restored = test.another().await.find_by_id(id(deleted)).await;
    assert_eq!(restored.as_ref(), Some(deleted));
}

#[tokio::test]
async fn a_deleted_secret_is_marked_for_deletion_and_holds_no_token() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.delete(id(&ada)).await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
    is_gone(&test, &ada).await;

    test.secrets.restore(id(&ada)).await;
    let left = test
        .secrets
        .current(id(&ada))
        .await
        .expect("the secret should be readable")
        .text
        .expect("the value should be text");
    // The hash in the id may hold these letters by chance, so the text is searched for values of fields.
    assert!(
        !left.contains("\"ada\"") && !left.contains("-ada"),
        "{left}"
    );
    is_gone(&test, &ada).await;
    is_saved_afresh(&test, &ada).await;
}

#[tokio::test]
async fn a_save_after_a_deletion_creates_a_fresh_record() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.delete(id(&ada)).await;
    is_saved_afresh(&test, &ada).await;
    assert!(!test.secrets.is_marked_for_deletion(id(&ada)).await);
    assert_eq!(test.secrets.all().await.len(), 1);

    test.delete(id(&ada)).await;
    is_gone(&test, &ada).await;
    is_saved_afresh(&test, &ada).await;
}

#[tokio::test]
async fn a_deletion_without_its_last_call_still_deletes() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.delete(id(&ada)).await;
    // The state after a process that ended between the tombstone and DeleteSecret.
    test.secrets.restore(id(&ada)).await;
    is_gone(&test, &ada).await;
    let process = test.another().await;
    process.delete(id(&ada)).await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
}

#[tokio::test]
async fn a_secret_deleted_by_hand_is_gone_and_can_be_saved_afresh() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.secrets.delete(id(&ada)).await;
    let process = test.another().await;
    is_gone(&process, &ada).await;
    is_saved_beside(&process, &ada).await;
}

#[tokio::test]
async fn a_token_with_an_id_is_not_saved_into_a_secret_deleted_by_hand() {
    let test = TestStore::new().await;
    test.save(&token("id=own user_name=ada access_token=a1"))
        .await;
    test.secrets.delete("own").await;
    let new = token("id=own user_name=ada access_token=a2");
    for test in [&test, &test.another().await] {
        let error = test.store.save_token(&new).await;
        let error = error.expect_err("the secret still holds a token");
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.to_string().contains("delete_token"), "{error}");
        assert!(test.secrets.is_marked_for_deletion("own").await);
    }

    // What the error advises.
    test.secrets.restore("own").await;
    test.delete("own").await;
    assert_eq!(test.save(&new).await, new);
    assert_eq!(test.another().await.find_by_id("own").await, Some(new));
}

#[tokio::test]
async fn a_forced_deletion_leaves_no_secret() {
    let test = TestStore::with(|builder| builder.deletion(Deletion::Force)).await;
    let ada = ada(&test).await;
    test.delete(id(&ada)).await;
    assert!(test.secrets.all().await.is_empty());
    is_gone(&test, &ada).await;
    is_saved_afresh(&test, &ada).await;
}

#[tokio::test]
async fn the_configured_recovery_window_is_used() {
    for (deletion, asked) in [
        (
            Deletion::RecoveryWindow { days: 30 },
            json!({"RecoveryWindowInDays": 30}),
        ),
        (Deletion::Force, json!({"ForceDeleteWithoutRecovery": true})),
    ] {
        let front = Front::new(|_| Reaction::Forward).await;
        let test =
            TestStore::with_endpoint(front.endpoint(), |builder| builder.deletion(deletion)).await;
        let ada = ada(&test).await;
        test.delete(id(&ada)).await;
        let mut request = front
            .bodies("DeleteSecret")
            .pop()
            .expect("the record should be deleted by a call");
        let secret = request
            .as_object_mut()
            .and_then(|request| request.remove("SecretId"));
        let secret = secret.expect("the request should name the secret");
        let secret = secret.as_str().expect("a text").to_owned();
        let name = test.secrets.name(id(&ada));
        let of_name = secret.split_once(&format!(":secret:{name}-"));
        let (_, suffix) = of_name.expect("the secret should be named by its ARN");
        assert_eq!(suffix.len(), 6, "{secret}");
        assert_eq!(request, asked);
    }
}

#[tokio::test]
async fn deleting_a_missing_record_succeeds() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.delete("nobody").await;
    for _ in 0..2 {
        test.delete(id(&ada)).await;
    }
    test.delete_all().await;
}

#[tokio::test]
async fn invalidate_shows_a_deletion_of_another_process() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.another().await.delete(id(&ada)).await;
    test.store.invalidate(id(&ada));
    is_gone(&test, &ada).await;
}

#[tokio::test]
async fn a_save_over_a_cached_record_deleted_by_another_process_creates_a_fresh_one() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.another().await.delete(id(&ada)).await;
    is_saved_afresh(&test, &ada).await;
}

#[tokio::test]
async fn a_save_over_a_cached_record_deleted_by_hand_creates_a_fresh_one() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    test.secrets.delete(id(&ada)).await;
    is_saved_beside(&test, &ada).await;
}

#[tokio::test]
async fn delete_tokens_deletes_every_record() {
    let test = TestStore::new().await;
    for user in ["ada", "bob", "eve"] {
        test.save(&login(user)).await;
    }
    test.another().await.delete_all().await;
    let secrets = test.secrets.all().await;
    assert!(secrets.len() == 3 && secrets.iter().all(|secret| secret.deleted_date().is_some()));
    assert_eq!(test.another().await.all().await, []);
    assert_eq!(test.all().await, []);
}

/// To bring back a deleted token, an operator restores the secret and makes the last version but
/// one current.
#[tokio::test]
async fn a_record_restored_by_hand_can_be_saved_and_deleted_again() {
    let test = TestStore::new().await;
    let ada = ada(&test).await;
    let version = test
        .secrets
        .current(id(&ada))
        .await
        .expect("the secret should be readable")
        .version;
    test.delete(id(&ada)).await;
    test.secrets.restore(id(&ada)).await;
    test.secrets.put_back(id(&ada), &version).await;

    let found = test.find_by_id(id(&ada)).await;
    assert_eq!(found, Some(ada.clone()));
    let saved = test.save(&token("user_name=ada access_token=a2")).await;
    assert_eq!(saved.grant_token().is_some(), ada.grant_token().is_some());
    let process = test.another().await;
    assert_eq!(process.find_by_id(id(&ada)).await, Some(saved));
    process.delete(id(&ada)).await;
    is_gone(&process, &ada).await;
}
