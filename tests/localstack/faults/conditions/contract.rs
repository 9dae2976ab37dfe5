//! The contract's cases under adverse conditions.

use zoho_token_store::conformance;

use crate::support::fake_aws::FakeAws;

use super::{Condition, Run, Statistics, seeds};

async fn conforms(condition: Condition) {
    let mut statistics = Statistics::default();
    for seed in seeds() {
        let run = Run::new(condition, seed);
        let aws = FakeAws::new(run.rules.clone());
        let mut kept = Vec::new();
        let empty_store = async || {
            let (mut stores, direct) = run.stores(&aws).await;
            kept.push(direct);
            stores.swap_remove(0)
        };
        if let Err(deviations) = conformance::check(empty_store).await {
            panic!("TEST_SEED={seed}, {:?}: {deviations}", run.settings);
        }
        statistics.add(&run, &aws);
        if statistics.is_enough(condition, 1) {
            return;
        }
    }
}

#[tokio::test]
async fn a_store_keeps_the_contract_with_stale_lists() {
    conforms(Condition::StaleLists).await;
}

#[tokio::test]
async fn a_store_keeps_the_contract_if_every_tenth_request_fails() {
    conforms(Condition::Faults).await;
}

#[tokio::test]
async fn a_store_keeps_the_contract_under_tight_quotas() {
    conforms(Condition::TightQuotas).await;
}
