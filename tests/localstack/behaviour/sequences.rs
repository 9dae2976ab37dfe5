//! The contract on random sequences of operations.
//!
//! `TEST_SEQUENCES` sets the number of sequences per test, `TEST_SEED` the seed. A failure prints
//! its seed.

use fastrand::Rng;
use zoho_token_store::{Deletion, SecretsManagerTokenStoreBuilder as Builder, TokenStore};

use crate::support::environment::number;
use crate::support::sequences::play;
use crate::support::store::TestStore;

#[tokio::test]
async fn a_store_with_a_cache_keeps_the_contract_on_random_sequences() {
    run(async || vec![TestStore::new().await]).await;
}

#[tokio::test]
async fn a_store_that_caches_two_records_keeps_the_contract_on_random_sequences() {
    let small = |builder: Builder| builder.cache_capacity(2).deletion(Deletion::Force);
    run(async || vec![TestStore::with(small).await]).await;
}

#[tokio::test]
async fn three_processes_without_a_cache_keep_the_contract_on_random_sequences() {
    let uncached = |builder: Builder| builder.cache_capacity(None);
    run(async || {
        let test = TestStore::with(uncached).await;
        let others = [
            test.another_with(uncached).await,
            test.another_with(uncached).await,
        ];
        [test].into_iter().chain(others).collect()
    })
    .await;
}

/// Finds from a cache may be stale for a while, but saves must build on what is stored. The first
/// store has no cache and does all reads; the others write.
#[tokio::test]
async fn processes_with_stale_caches_save_by_the_contract_on_random_sequences() {
    run(async || {
        let test = TestStore::with(|builder| builder.cache_capacity(None)).await;
        let others = [test.another().await, test.another().await];
        [test].into_iter().chain(others).collect()
    })
    .await;
}

/// Runs sequences on stores that share their secrets. The first store reads; each write goes to a
/// random one of the others, if there are any. Lookups go to these too, to fill their caches.
async fn run(empty_stores: impl AsyncFn() -> Vec<TestStore>) {
    let sequences = number("TEST_SEQUENCES").unwrap_or(10);
    let seed = number("TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
    let mut random = Rng::with_seed(seed);
    for sequence in 0..sequences {
        let tests = empty_stores().await;
        let stores: Vec<_> = tests
            .iter()
            .map(|test| &test.store as &dyn TokenStore)
            .collect();
        let (reader, writers) = match stores.as_slice() {
            [alone] => (*alone, std::slice::from_ref(alone)),
            [reader, writers @ ..] => (*reader, writers),
            [] => panic!("at least one store is needed"),
        };
        if let Err(problem) = play(&mut random, reader, writers, |_, _| Ok(())).await {
            panic!("TEST_SEED={seed}, sequence {sequence}: {problem}");
        }
    }
}
