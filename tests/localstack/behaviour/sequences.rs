//! The contract on random sequences of operations.
//!
//! `TEST_SEQUENCES` says how many sequences each test runs, `TEST_SEED` with which seed; a failure
//! prints the seed.

use fastrand::Rng;
use zoho_token_store::{
    Field, OAuthToken, OAuthTokenBuilder, SecretsManagerTokenStoreBuilder as Builder, TokenStore,
};

use crate::support::model::{Model, Operation};
use crate::support::store::TestStore;
use crate::support::token::id;

#[tokio::test]
async fn a_store_with_a_cache_answers_random_sequences_as_the_contract_says() {
    run(async || vec![TestStore::new().await]).await;
}

#[tokio::test]
async fn a_store_with_a_cache_of_two_records_answers_random_sequences_as_the_contract_says() {
    let small = |builder: Builder| builder.cache_capacity(2).recovery_window_days(0);
    run(async || vec![TestStore::with(small).await]).await;
}

#[tokio::test]
async fn three_processes_without_a_cache_answer_random_sequences_as_the_contract_says() {
    let uncached = |builder: Builder| builder.cache_capacity(0);
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

/// What processes have in their caches may be outdated, and finds may say so for a while. But saves
/// are built on what is stored: the first store, which has no cache, answers all that is asked, and
/// the others write.
#[tokio::test]
async fn processes_with_outdated_caches_save_in_random_sequences_as_the_contract_says() {
    run(async || {
        let test = TestStore::with(|builder| builder.cache_capacity(0)).await;
        let others = [test.another().await, test.another().await];
        [test].into_iter().chain(others).collect()
    })
    .await;
}

/// Runs sequences on stores that share their secrets. Questions go to the first one; each write goes
/// to one of the others by chance, if there are others, and these are asked too, to fill their caches.
async fn run(empty_stores: impl AsyncFn() -> Vec<TestStore>) {
    let sequences = given("TEST_SEQUENCES").unwrap_or(10);
    let seed = given("TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
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
            [] => panic!("there is no store"),
        };
        if let Err(problem) = play(&mut random, reader, writers, |_, _| Ok(())).await {
            panic!("TEST_SEED={seed}, sequence {sequence}: {problem}");
        }
    }
}

/// A number that the environment gives.
pub fn given(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// Runs one sequence and answers what is stored at its end, or what is wrong. After each operation
/// something more can be checked, with what was stored before it.
pub async fn play(
    random: &mut Rng,
    reader: &dyn TokenStore,
    writers: &[&dyn TokenStore],
    also: impl Fn(&Model, &Operation) -> Result<(), String>,
) -> Result<Model, String> {
    let (mut model, mut said) = (Model::default(), Vec::new());
    for steps in (0..random.usize(4..16)).rev() {
        let operation = match steps {
            0 => Operation::List,
            _ => operation(random, &model),
        };
        said.push(format!("{operation:?}"));
        let writer = writers[random.usize(..writers.len())];
        let before = model.clone();
        let checked = model.check(&operation, reader, writer).await;
        checked
            .and_then(|()| also(&before, &operation))
            .map_err(|problem| format!("{problem}, after\n  {}", said.join("\n  ")))?;
    }
    Ok(model)
}

/// An operation on few users, clients, values and ids, so that they meet.
fn operation(random: &mut Rng, model: &Model) -> Operation {
    let some_id = |random: &mut Rng| {
        let known = model.records.iter().map(|record| id(record).to_owned());
        let ids: Vec<_> = known
            .chain(["x", "y/é", "z-abcdef"].map(str::to_owned))
            .collect();
        ids[random.usize(..ids.len())].clone()
    };
    match random.u8(..100) {
        0..50 => Operation::Save(some_token(random, 50, some_id)),
        50..80 => Operation::Find(some_token(random, 30, some_id)),
        80..86 => Operation::FindById(some_id(random)),
        86..94 => Operation::Delete(some_id(random)),
        94..98 => Operation::List,
        _ => Operation::Clear,
    }
}

fn some_token(
    random: &mut Rng,
    values_percent: u8,
    some_id: impl Fn(&mut Rng) -> String,
) -> OAuthTokenBuilder {
    let mut token = OAuthToken::builder();
    let given = |random: &mut Rng, percent| random.u8(..100) < percent;
    if given(random, 12) {
        token = token.id(some_id(random));
    }
    if given(random, 55) {
        token = token.user_name(format!("u{}", random.u8(1..4)));
    }
    if given(random, 60) {
        token = token.client_id(format!("c{}", random.u8(1..3)));
        if given(random, 85) {
            token = token.client_secret(format!("s{}", random.u8(1..3)));
        }
    }
    for field in [Field::AccessToken, Field::GrantToken, Field::RefreshToken] {
        if given(random, values_percent) {
            token = token.field(field, format!("{field}{}", random.u8(1..4)));
        }
    }
    if given(random, 20) {
        token = token.expiry_time([0, 1_700_000_000_000, 4_102_444_800_000][random.usize(..3)]);
    }
    if given(random, 15) {
        token = token.api_domain(format!("d{}", random.u8(1..3)));
    }
    if given(random, 2) {
        token = token.redirect_url("");
    }
    token
}
