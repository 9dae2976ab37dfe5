//! A process stands still while it holds the lease.

use super::{LEASE, WAIT, number, value, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms, Wanted};
use std::time::Duration;

#[test]
fn a_holder_that_is_paused_past_its_lease_replaces_nothing_newer() {
    // Before it asks Zoho, while it does, and before it saves.
    for place in 0..3 {
        with_token_that_expires_in(0, place, Freedoms::none(), async |fleet| {
            let put = Wanted::Action("PutSecretValue");
            let held = match place {
                0 => fleet.world.hold("paused", put),
                1 => fleet.zoho.hold("paused"),
                _ => fleet.world.hold("paused", Wanted::Action("TagResource")),
            };
            let paused = fleet.member("paused", 0).await;
            let pausing = paused.start_access_token();
            assert!(held.arrived().await, "place {place}");
            let other = fleet.member("other", 0).await;
            let access = other.access_token().await.unwrap();
            held.release();
            let late = tokio::time::timeout(WAIT, pausing).await.unwrap().unwrap();
            if let Ok(late) = late {
                assert!(number(value(&late)) >= number(value(&access)) || !late.is_saved());
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert!(fleet.zoho.requests() <= 2, "place {place}");
            let stored = number(&fleet.record()["access_token"]);
            assert!(stored >= number(value(&access)), "place {place}");
            fleet.check_at_rest();
        });
    }
}

#[test]
fn callers_wait_no_longer_than_the_lease_for_a_holder_that_is_dead() {
    with_token_that_expires_in(0, 1, Freedoms::none(), async |fleet| {
        let held = fleet.zoho.hold("dead");
        let dead = fleet.member("dead", 0).await;
        let _never_ends = dead.start_access_token();
        assert!(held.arrived().await);
        dead.process.crash();
        let began = fleet.world.now();
        let callers: Vec<_> = {
            let mut callers = Vec::new();
            for name in 0..6 {
                let member = fleet.member(&format!("p{name}"), 0).await;
                callers.push(member.start_access_token());
            }
            callers
        };
        for caller in callers {
            assert_eq!(value(&caller.await.unwrap().unwrap()), "a1");
        }
        let took = fleet.world.now() - began;
        assert!(took <= LEASE + Duration::from_secs(5), "{took:?}");
        assert_eq!((fleet.zoho.requests(), fleet.takeovers()), (1, 1));
        fleet.check_at_rest();
    });
}

#[test]
fn a_holder_whose_lease_took_long_to_put_asks_zoho_only_under_another_one() {
    with_token_that_expires_in(0, 1, Freedoms::none(), async |fleet| {
        // The lease is there at once, and its holder learns of that late.
        for fault in [Fault::HangAfter, Fault::HangAfter, Fault::Slow] {
            let put = Wanted::Action("PutSecretValue");
            fleet.world.order("slow", put, fault);
        }
        let began = fleet.world.now();
        let held = fleet.zoho.hold("slow");
        let slow = fleet.member("slow", 0).await;
        let refreshing = slow.start_access_token();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let other = fleet.member("other", 0).await.start_access_token();
        assert!(held.arrived().await);
        let took = fleet.world.now() - began;
        assert!(took > LEASE / 2, "the lease was put after {took:?}");
        // By now the first lease is over, but not the request.
        tokio::time::sleep(Duration::from_secs(6)).await;
        held.release();
        for access in [refreshing, other] {
            assert_eq!(value(&access.await.unwrap().unwrap()), "a1");
        }
        assert_eq!((fleet.zoho.requests(), fleet.takeovers()), (1, 0));
        fleet.check_at_rest();
    });
}
