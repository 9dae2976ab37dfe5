//! The cases of the contract under AWS's rules.

use zoho_token_store::conformance;

use crate::support::fake_aws::FakeAws;

use super::{Run, Weather, Weathered, seeds};

async fn conforms(weather: Weather) {
    let mut weathered = Weathered::default();
    for seed in seeds() {
        let run = Run::new(weather, seed);
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
        weathered.add(&run, &aws);
        if weathered.is_enough(weather, 1) {
            return;
        }
    }
}

#[tokio::test]
async fn a_store_keeps_the_contract_though_lists_show_nothing_new() {
    conforms(Weather::StaleLists).await;
}

#[tokio::test]
async fn a_store_keeps_the_contract_though_every_tenth_request_fails() {
    conforms(Weather::Faults).await;
}

#[tokio::test]
async fn a_store_keeps_the_contract_though_quotas_are_tight() {
    conforms(Weather::TightQuotas).await;
}
