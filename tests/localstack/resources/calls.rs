//! The calls that each operation makes: AWS limits, delays and bills them.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use zoho_token_store::{
    ErrorKind, OAuthToken, SecretsManagerTokenStoreBuilder as Builder, TokenStore,
};

use crate::support::calls::made;
use crate::support::fingerprint_key::FingerprintKey;
use crate::support::localstack;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// Returns a store that holds Ada's token since two hours ago, and another process that has read
/// nothing yet.
pub async fn ada_and_another_process() -> (OAuthToken, TestStore, TestStore) {
    let test = TestStore::two_hours_ago().await;
    let ada = test.save(&login("ada")).await;
    let process = test.another().await;
    (ada, test, process)
}

#[tokio::test]
async fn find_by_user_makes_one_call_and_then_none() {
    let (ada, _test, process) = ada_and_another_process().await;
    for calls in [made([("GetSecretValue", 1)]), made([])] {
        let found = process.store.find_token(&token("user_name=ada")).await;
        assert_eq!(found.expect("the lookup should succeed"), Some(ada.clone()));
        assert_eq!(process.calls.take(), calls);
    }
}

#[tokio::test]
async fn warm_up_reads_the_fingerprint_key_once() {
    let test = TestStore::new().await;
    test.store
        .warm_up()
        .await
        .expect("the operation should succeed");
    assert_eq!(test.calls.take(), made([("GetSecretValue", 1)]));

    let key = FingerprintKey::new("sixteen random bytes").await;
    let keyed = async || {
        let settings = |builder: Builder| builder.fingerprint_key_secret(&key.name);
        test.another_with(settings).await
    };
    let ada = keyed().await.save(&login("ada")).await;
    let process = keyed().await;
    process
        .store
        .warm_up()
        .await
        .expect("the operation should succeed");
    // One read for the current key and one for the previous key.
    assert_eq!(process.calls.take(), made([("GetSecretValue", 2)]));
    let found = process.store.find_token(&token("user_name=ada")).await;
    assert_eq!(found.expect("the lookup should succeed"), Some(ada));
    assert_eq!(process.calls.take(), made([("GetSecretValue", 1)]));
}

#[tokio::test]
async fn find_by_id_makes_one_call_and_then_none() {
    let (ada, _test, process) = ada_and_another_process().await;
    for calls in [made([("GetSecretValue", 1)]), made([])] {
        let found = process.store.find_token_by_id(id(&ada)).await;
        assert_eq!(found.expect("the lookup should succeed"), Some(ada.clone()));
        assert_eq!(process.calls.take(), calls);
    }
    let found = process
        .store
        .find_token(&token(&format!("id={}", id(&ada))))
        .await;
    assert_eq!(found.expect("the lookup should succeed"), Some(ada));
    assert_eq!(process.calls.take(), made([]));
}

#[tokio::test]
async fn find_by_refresh_token_uses_the_index_and_then_makes_no_call() {
    let (ada, _test, process) = ada_and_another_process().await;
    let partial = token("client_id=c client_secret=s refresh_token=r-ada");
    for calls in [made([("GetSecretValue", 2), ("ListSecrets", 1)]), made([])] {
        let found = process.store.find_token(&partial).await;
        assert_eq!(found.expect("the lookup should succeed"), Some(ada.clone()));
        assert_eq!(process.calls.take(), calls);
    }
}

#[tokio::test]
async fn a_new_login_is_saved_in_four_round_trips() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    assert_eq!(
        test.calls.depth(),
        4,
        "one for the user's name, one for the other names and the list, one for the creation, one \
         for the other names again"
    );
    let calls = made([
        ("GetSecretValue", 7),
        ("ListSecrets", 1),
        ("CreateSecret", 1),
    ]);
    assert_eq!(test.calls.take(), calls);
}

#[tokio::test]
async fn an_unchanged_save_makes_one_read_and_one_put_that_changes_nothing() {
    let (ada, test, process) = ada_and_another_process().await;
    let before = test.secrets.current(id(&ada)).await;
    for _ in 0..2 {
        let saved = process.store.save_token(&login("ada")).await;
        assert_eq!(saved.expect("the save should succeed"), ada);
        let calls = made([("GetSecretValue", 1), ("PutSecretValue", 1)]);
        assert_eq!(process.calls.take(), calls);
    }
    assert_eq!(test.secrets.current(id(&ada)).await, before);
}

/// LocalStack returns no staging labels for a version that is put again. Whether that is still the
/// current one, only a new version tells.
#[tokio::test]
async fn an_unchanged_save_puts_a_new_version_if_no_staging_labels_are_returned() {
    let (ada, test, _) = ada_and_another_process().await;
    let before = test.secrets.document(id(&ada)).await;
    let direct = TestStore::at(&test.prefix, localstack::endpoint(), |builder| builder).await;
    assert_eq!(direct.save(&login("ada")).await, ada);
    let calls = made([("GetSecretValue", 1), ("PutSecretValue", 2)]);
    assert_eq!(direct.calls.take(), calls);
    let after = test.secrets.document(id(&ada)).await;
    assert_ne!(before["_write_id"], after["_write_id"]);
    assert_eq!(test.another().await.find_by_id(id(&ada)).await, Some(ada));
}

/// In its first hour, a record can have been inserted twice at the same time, under the names
/// derived from its different keys.
#[tokio::test]
async fn a_save_of_a_young_record_reads_its_other_names_once_more() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let process = test.another().await;
    assert_eq!(process.save(&login("ada")).await, ada);
    let calls = made([("GetSecretValue", 4), ("PutSecretValue", 1)]);
    assert_eq!(process.calls.depth(), 3);
    assert_eq!(process.calls.take(), calls);
}

#[tokio::test]
async fn a_save_that_changes_a_lookup_key_reads_tags_puts_and_untags() {
    let (_, _test, process) = ada_and_another_process().await;
    for access_token in ["a2", "a3"] {
        let refreshed = token(&format!("user_name=ada access_token={access_token}"));
        process.save(&refreshed).await;
        let calls = made([
            ("GetSecretValue", 1),
            ("TagResource", 1),
            ("PutSecretValue", 1),
            ("UntagResource", 1),
        ]);
        assert_eq!(process.calls.take(), calls);
    }
}

#[tokio::test]
async fn a_save_that_changes_no_lookup_key_does_not_tag() {
    let (_, _test, process) = ada_and_another_process().await;
    let changed = token("user_name=ada client_secret=s2 api_domain=d expiry_time=4102444800001");
    process.save(&changed).await;
    let calls = made([("GetSecretValue", 1), ("PutSecretValue", 1)]);
    assert_eq!(process.calls.take(), calls);
}

#[tokio::test]
async fn a_saved_record_is_found_without_a_call() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    test.calls.take();
    let found = test.store.find_token_by_id(id(&ada)).await;
    assert_eq!(found.expect("the lookup should succeed"), Some(ada.clone()));
    let found = test.store.find_token(&token("user_name=ada")).await;
    assert_eq!(found.expect("the lookup should succeed"), Some(ada));
    assert_eq!(test.calls.take(), made([]));
}

#[tokio::test]
async fn a_deletion_reads_puts_a_tombstone_and_deletes() {
    let (ada, _test, process) = ada_and_another_process().await;
    process.delete(id(&ada)).await;
    let calls = made([
        ("GetSecretValue", 1),
        ("PutSecretValue", 1),
        ("DeleteSecret", 1),
    ]);
    assert_eq!(process.calls.take(), calls);

    // A read that finds nothing may be old, so another call makes sure.
    process.delete("nobody").await;
    let calls = made([("GetSecretValue", 1), ("UntagResource", 1)]);
    assert_eq!(process.calls.take(), calls);
}

/// Saves this many users' tokens, each with two keys.
pub async fn saved(test: &TestStore, users: u64) -> Vec<OAuthToken> {
    let users = (0..users).map(|user| token(&format!("user_name=user{user} access_token={user}")));
    let saved = stream::iter(users)
        .map(async |user| test.save(&user).await)
        .buffer_unordered(8);
    saved.collect().await
}

#[tokio::test]
async fn get_tokens_reads_twenty_secrets_per_call() {
    let test = TestStore::new().await;
    let mut saved = saved(&test, 45).await;

    let process = test.another().await;
    let mut read = process.all().await;
    saved.sort_unstable_by(|one, other| id(one).cmp(id(other)));
    read.sort_unstable_by(|one, other| id(one).cmp(id(other)));
    assert_eq!(read, saved);
    assert_eq!(
        process.calls.take(),
        made([("ListSecrets", 1), ("BatchGetSecretValue", 3)])
    );
}

#[tokio::test]
async fn a_store_without_the_tag_index_neither_lists_nor_tags() {
    let test = TestStore::with(|builder| builder.tag_index(false)).await;
    let ada = test.save(&login("ada")).await;
    test.save(&token("user_name=ada access_token=a2")).await;
    let process = test.another_with(|builder| builder.tag_index(false)).await;
    let by_user = process.store.find_token(&token("user_name=ada")).await;
    assert_eq!(
        by_user.expect("the lookup should succeed").as_ref().map(id),
        Some(id(&ada))
    );
    let other = test.another_with(|builder| builder.tag_index(false)).await;
    let by_other_key = other.store.find_token(&token("access_token=a2")).await;
    assert_eq!(by_other_key.expect("the operation should succeed"), None);
    for calls in [&test.calls, &process.calls, &other.calls] {
        assert_eq!((calls.of("ListSecrets"), calls.of("TagResource")), (0, 0));
    }
}

#[tokio::test]
async fn an_invalid_token_makes_no_call() {
    let test = TestStore::new().await;
    let long = "x".repeat(300);
    let with_long_id = token(&format!("id={long} access_token=a"));
    let errors = [
        (
            test.store.find_token_by_id("").await.err(),
            ErrorKind::InvalidToken,
        ),
        (
            test.store.delete_token("").await.err(),
            ErrorKind::InvalidToken,
        ),
        (
            test.store.find_token_by_id(&long).await.err(),
            ErrorKind::TooLarge,
        ),
        (
            test.store.delete_token(&long).await.err(),
            ErrorKind::TooLarge,
        ),
        (
            test.store.find_token(&with_long_id).await.err(),
            ErrorKind::TooLarge,
        ),
        (
            test.store.save_token(&with_long_id).await.err(),
            ErrorKind::TooLarge,
        ),
    ];
    for (error, kind) in errors {
        let error = error.expect("the token should be refused");
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(test.calls.take(), made([]));
}

#[tokio::test]
async fn a_cached_record_is_read_again_after_its_time_to_live_and_not_before() {
    let time_to_live = Duration::from_secs(1);
    let test = TestStore::with(|builder| builder.cache_time_to_live(time_to_live)).await;
    test.save(&login("ada")).await;
    let process = test
        .another_with(|builder| builder.cache_time_to_live(time_to_live))
        .await;

    let began = Instant::now();
    let age = loop {
        let found = process.store.find_token(&token("user_name=ada")).await;
        assert!(found.expect("the lookup should succeed").is_some());
        if process.calls.total() > 1 {
            break began.elapsed();
        }
        assert!(
            began.elapsed() < time_to_live + Duration::from_secs(10),
            "the record was not read again"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(
        age >= time_to_live,
        "the record was read again after {age:?}"
    );
    assert_eq!(process.calls.take(), made([("GetSecretValue", 2)]));
}
