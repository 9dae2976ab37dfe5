//! Reindexing: after a change of the fingerprint key, and to repair wrong tags.

use std::collections::BTreeMap;

use zoho_token_store::{ErrorKind, SecretsManagerTokenStoreBuilder, TokenStore};

use crate::support::fingerprint_key::FingerprintKey;
use crate::support::secrets::IndexTag;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// A fingerprint key that is rotated once.
struct Key(FingerprintKey);

impl Key {
    async fn new() -> Self {
        Key(FingerprintKey::new("the first key, of 32 random bytes").await)
    }

    async fn rotate(&self) {
        self.0.rotate("the second key, of 32 random bytes").await;
    }

    fn set(&self, builder: SecretsManagerTokenStoreBuilder) -> SecretsManagerTokenStoreBuilder {
        // Without a cache every lookup uses names and tags.
        builder
            .fingerprint_key_secret(&self.0.name)
            .cache_capacity(None)
    }
}

const LOOKUPS: [&str; 4] = [
    "user_name=ada",
    "access_token=a-ada",
    "grant_token=g-ada client_id=c client_secret=s",
    "refresh_token=r-ada client_id=c client_secret=s",
];

async fn is_found_by_every_key(test: &TestStore, record_id: &str) {
    for key in LOOKUPS {
        let found = test.find(&token(key)).await;
        assert_eq!(found.as_ref().map(id), Some(record_id), "{key}");
    }
}

#[tokio::test]
async fn lookups_succeed_throughout_a_key_rotation() {
    let key = Key::new().await;
    let old = TestStore::with(|builder| key.set(builder)).await;
    let ada = old.save(&login("ada")).await;
    let index = old.secrets.index(id(&ada)).await;

    key.rotate().await;
    let new = old.another_with(|builder| key.set(builder)).await;
    is_found_by_every_key(&new, id(&ada)).await;
    let bob = new.save(&login("bob")).await;
    assert_eq!(
        new.store
            .reindex()
            .await
            .expect("the operation should succeed"),
        1,
        "only Ada's tags should be rewritten"
    );
    assert_eq!(
        new.store
            .reindex()
            .await
            .expect("the operation should succeed"),
        0,
        "a second run should change nothing"
    );
    // The tags of the current key, and those of the previous one.
    let both = old.secrets.index(id(&ada)).await;
    for (field, tag) in &index {
        assert_ne!(both[field].value, tag.value, "{field}");
        assert_eq!(both[&format!("{field}-former")].value, tag.value);
    }

    // A process that started before the rotation, and one that started after it.
    for test in [
        &old,
        &new,
        &old.another_with(|builder| key.set(builder)).await,
    ] {
        is_found_by_every_key(test, id(&ada)).await;
        let found = test.find(&token("access_token=a-bob")).await;
        assert_eq!(found.as_ref().map(id), bob.id());
        let saved = test.save(&login("ada")).await;
        assert_eq!(saved.id(), ada.id(), "Ada should not be stored twice");
    }
}

#[tokio::test]
async fn records_keep_their_ids_after_the_previous_key_is_gone() {
    let key = Key::new().await;
    let test = TestStore::with(|builder| key.set(builder)).await;
    let ada = test.save(&login("ada")).await;
    key.rotate().await;
    let rotated = test.another_with(|builder| key.set(builder)).await;
    rotated
        .store
        .reindex()
        .await
        .expect("the operation should succeed");

    let second_alone = test
        .another_with(|builder| {
            builder
                .fingerprint_key("the second key, of 32 random bytes")
                .cache_capacity(None)
        })
        .await;
    is_found_by_every_key(&second_alone, id(&ada)).await;
    let saved = second_alone
        .save(&token("user_name=ada access_token=a-new"))
        .await;
    assert_eq!(saved.id(), ada.id());
}

/// Returns the values of index tags by field.
fn values(index: &BTreeMap<String, IndexTag>) -> Vec<(&str, &str)> {
    let values = index.iter().map(|(field, tag)| (&**field, &*tag.value));
    values.collect()
}

#[tokio::test]
async fn reindex_repairs_a_wrong_index() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let right = test.secrets.index(id(&ada)).await;
    let wrong = format!("access_token:{}", "0".repeat(64));
    test.secrets
        .tag(id(&ada), &right["access"].key, &wrong)
        .await;
    let process = test.another().await;
    assert_eq!(process.find(&token("access_token=a-ada")).await, None);

    assert_eq!(
        process
            .store
            .reindex()
            .await
            .expect("the operation should succeed"),
        1
    );
    let repaired = test.secrets.index(id(&ada)).await;
    assert_eq!(values(&repaired), values(&right));
    let found = process.find(&token("access_token=a-ada")).await;
    assert_eq!(found.as_ref(), Some(&ada));
}

#[tokio::test]
async fn reindex_builds_an_index_for_records_without_one() {
    let without = TestStore::with(|builder| builder.tag_index(false)).await;
    let ada = without.save(&login("ada")).await;
    let error = without
        .store
        .reindex()
        .await
        .expect_err("reindexing without an index should fail");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let with = without.another().await;
    assert_eq!(
        with.store
            .reindex()
            .await
            .expect("the operation should succeed"),
        1
    );
    is_found_by_every_key(&with.another().await, id(&ada)).await;
}

#[tokio::test]
async fn a_missing_or_short_fingerprint_key_is_reported_at_first_use() {
    let short = FingerprintKey::new("the first key, of 32 random bytes").await;
    short.rotate("short").await;
    for name in ["fingerprint-key-none", short.name.as_str()] {
        let test = TestStore::with(|builder| builder.fingerprint_key_secret(name)).await;
        let saved = test.store.save_token(&login("ada")).await;
        let error = saved.expect_err("the fingerprint key should be refused");
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(error.secret_name(), Some(name));
        assert!(test.secrets.all().await.is_empty());
    }
}
