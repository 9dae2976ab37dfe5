//! A process dies at any call of a refresh.

use super::{Fleet, LEASE, is_served, value, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms, Wanted};
use std::time::Duration;

const CRASHES: [Fault; 2] = [Fault::CrashBefore, Fault::CrashAfter];

/// Two processes refresh while the first one dies; a third one comes after it.
async fn check_the_next_caller_is_served(fleet: &Fleet, what: &str) -> bool {
    let first = fleet.member("first", 0).await;
    let dying = first.access_token().await;
    let has_crashed = first.process.link.has_crashed();
    assert!(has_crashed || is_served(&dying), "{what}");
    let crashed_at = fleet.world.now();
    let next = fleet.member("next", 0).await;
    let mut ended = next.access_token().await;
    if !is_served(&ended) {
        ended = next.access_token().await;
    }
    let access = ended.unwrap();
    let took = fleet.world.now() - crashed_at;
    assert!(took <= LEASE + Duration::from_secs(5), "{what}: {took:?}");
    assert!(access.is_saved());
    let expected = format!("a{}", fleet.zoho.issued());
    assert_eq!(value(&access), expected, "{what}");
    let crashes = usize::from(has_crashed);
    assert!(fleet.zoho.requests() <= 1 + crashes, "{what}");
    fleet.check_at_rest();
    has_crashed
}

#[test]
fn the_next_caller_has_a_token_soon_wherever_the_holder_dies_at_aws() {
    for fault in CRASHES {
        for call in 0.. {
            let mut has_crashed = false;
            with_token_that_expires_in(0, call, Freedoms::none(), async |fleet| {
                let call = usize::try_from(call).unwrap();
                fleet.world.order_after("first", call, fault);
                let what = format!("{fault:?} at call {call}");
                has_crashed = check_the_next_caller_is_served(&fleet, &what).await;
            });
            if !has_crashed {
                assert!(call >= 5, "a refresh takes five calls at least, not {call}");
                break;
            }
        }
    }
}

#[test]
fn the_next_caller_has_a_token_soon_if_the_holder_dies_while_it_asks_zoho() {
    for fault in CRASHES {
        with_token_that_expires_in(0, 1, Freedoms::none(), async |fleet| {
            fleet.zoho.order("first", fault);
            assert!(check_the_next_caller_is_served(&fleet, &format!("{fault:?}")).await);
        });
    }
}

#[test]
fn a_put_that_a_dead_process_made_is_executed_late_and_replaces_nothing_newer() {
    for skip in 0..3 {
        with_token_that_expires_in(0, skip, Freedoms::none(), async |fleet| {
            // The lease or the save of the dead process arrives after others have refreshed.
            let put = Wanted::Action("PutSecretValue");
            if skip > 0 {
                fleet.world.order("first", put, Fault::Slow);
            }
            fleet
                .world
                .order_late("first", put, Fault::CrashLate, Duration::from_secs(60));
            let first = fleet.member("first", 0).await;
            is_served(&first.access_token().await);
            let next = fleet.member("next", 0).await;
            let access = next.access_token().await.unwrap();
            tokio::time::sleep(Duration::from_secs(120)).await;
            assert_eq!(fleet.record()["access_token"], value(&access));
            fleet.check_no_token_is_replaced_by_an_older_one();
        });
    }
}
