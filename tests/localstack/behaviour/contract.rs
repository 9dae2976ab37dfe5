//! The contract's cases on stores with different settings.

use zoho_token_store::{Deletion, SecretsManagerTokenStoreBuilder, conformance};

use crate::support::store::TestStore;

type Builder = SecretsManagerTokenStoreBuilder;

async fn conforms(settings: fn(Builder) -> Builder) {
    // A test's secrets are removed when its `TestStore` is dropped.
    let mut tests = Vec::new();
    let empty_store = async || {
        let test = TestStore::with(settings).await;
        let store = test.store.clone();
        tests.push(test);
        store
    };
    if let Err(deviations) = conformance::check(empty_store).await {
        panic!("{deviations}");
    }
}

#[tokio::test]
async fn a_store_with_the_default_settings_keeps_the_contract() {
    conforms(|builder| builder).await;
}

#[tokio::test]
async fn a_store_without_a_cache_keeps_the_contract() {
    conforms(|builder| builder.cache_capacity(None)).await;
}

#[tokio::test]
async fn a_store_that_caches_one_record_keeps_the_contract() {
    conforms(|builder| builder.cache_capacity(1)).await;
}

#[tokio::test]
async fn a_store_that_deletes_by_force_keeps_the_contract() {
    conforms(|builder| builder.deletion(Deletion::Force)).await;
}

#[tokio::test]
async fn a_store_with_a_fingerprint_key_keeps_the_contract() {
    conforms(|builder| builder.fingerprint_key("sixteen random bytes")).await;
}
