//! Random sequences under adverse conditions, and what another process finds afterwards.

use fastrand::Rng;
use zoho_token_store::TokenStore;

use super::{Condition, Run, Statistics, seeds};
use crate::support::fake_aws::{FakeAws, Faults, LONGEST_LAG};
use crate::support::model::{Model, Operation};
use crate::support::repeating::Repeating;
use crate::support::sequences::play;
use crate::support::store::TestStore;

async fn keeps_the_contract(condition: Condition) {
    let mut statistics = Statistics::default();
    for seed in seeds() {
        let run = Run::new(condition, seed);
        let aws = FakeAws::new(run.rules.clone());
        let (stores, direct) = run.stores(&aws).await;
        if let Err(problem) = try_sequence(&aws, &stores, &direct.prefix, seed).await {
            panic!("TEST_SEED={seed}, {:?}: {problem}", run.settings);
        }
        statistics.add(&run, &aws);
        if statistics.is_enough(condition, 3) {
            return;
        }
    }
}

async fn try_sequence(
    aws: &FakeAws,
    stores: &[Repeating],
    prefix: &str,
    seed: u64,
) -> Result<(), String> {
    let half_done = |before: &Model, operation: &Operation| {
        let mut seen = stores.iter().flat_map(Repeating::take_seen);
        seen.try_for_each(|seen| before.check_half_done(operation, &seen))
    };
    let mut random = Rng::with_seed(seed);
    let all: Vec<_> = stores
        .iter()
        .map(|store| store as &dyn TokenStore)
        .collect();
    let mut model = play(&mut random, all[0], &all, half_done).await?;

    // After five minutes another process finds every record by every key.
    aws.advance(LONGEST_LAG);
    aws.change(|rules| {
        rules.faults = Faults::none();
        rules.quotas = None;
    });
    let other = TestStore::at(prefix, aws.endpoint(), |builder| builder);
    let other = other.await.store;
    for lookup in model.lookups() {
        let checked = model.check(&lookup, &other, &other).await;
        checked.map_err(|problem| format!("another process, {lookup:?}: {problem}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn random_sequences_keep_the_contract_with_stale_lists() {
    keeps_the_contract(Condition::StaleLists).await;
}

#[tokio::test]
async fn random_sequences_keep_the_contract_if_every_tenth_request_fails() {
    keeps_the_contract(Condition::Faults).await;
}

#[tokio::test]
async fn random_sequences_keep_the_contract_under_tight_quotas() {
    keeps_the_contract(Condition::TightQuotas).await;
}
