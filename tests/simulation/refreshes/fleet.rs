//! Several processes meet one expiry, and nothing goes wrong.

use std::time::Duration;

use futures::future::join_all;

use super::{value, with_latencies, with_token_that_expires_in};
use crate::clock::epoch_millis;
use crate::zoho::LIFETIME;

#[test]
fn processes_that_meet_an_expired_token_at_once_make_one_request() {
    for seed in 0..20 {
        with_token_that_expires_in(0, seed, with_latencies(), async |fleet| {
            let ahead = [0, 290, -290, 40, -40, 0, 0, 0];
            let mut callers = Vec::new();
            for (number, ahead) in ahead.into_iter().enumerate() {
                let member = fleet.member(&format!("p{number}"), ahead).await;
                for _ in 0..3 {
                    let access = member.start_access_token();
                    callers.push(async move { (ahead, access.await.unwrap().unwrap()) });
                }
            }
            for (ahead, access) in join_all(callers).await {
                assert!(access.is_saved());
                // By a clock that is minutes behind, the former token can still be used.
                let is_behind = ahead < -60 && value(&access) == "a0";
                assert!(is_behind || value(&access) == "a1", "seed {seed}, {ahead}");
            }
            assert_eq!(
                (fleet.zoho.requests(), fleet.takeovers()),
                (1, 0),
                "seed {seed}"
            );
            fleet.check_at_rest();
        });
    }
}

#[test]
fn before_the_expiry_nobody_but_the_holder_of_the_lease_waits() {
    for seed in 0..5 {
        with_token_that_expires_in(250, seed, with_latencies(), async |fleet| {
            let held = fleet.zoho.hold("p0");
            let holder = fleet.member("p0", 0).await;
            let refreshing = holder.start_access_token();
            assert!(held.arrived().await);
            let before = fleet.world.now();
            for name in ["p1", "p2", "p3"] {
                let access = fleet.member(name, 0).await.access_token().await.unwrap();
                assert_eq!(value(&access), "a0");
            }
            assert!(fleet.world.now() - before < Duration::from_secs(1));
            held.release();
            assert_eq!(value(&refreshing.await.unwrap().unwrap()), "a1");
            assert_eq!(fleet.zoho.requests(), 1);
            fleet.check_at_rest();
        });
    }
}

#[test]
fn a_lifetime_counts_from_before_the_request() {
    with_token_that_expires_in(0, 1, with_latencies(), async |fleet| {
        let held = fleet.zoho.hold("p0");
        let member = fleet.member("p0", 0).await;
        let refreshing = member.start_access_token();
        assert!(held.arrived().await);
        let latest = epoch_millis(fleet.world.now() + LIFETIME);
        tokio::time::sleep(Duration::from_secs(5)).await;
        held.release();
        refreshing.await.unwrap().unwrap();
        let expiry: u64 = fleet.record()["expiry_time"].parse().unwrap();
        assert!(expiry <= latest, "{expiry} is after {latest}");
    });
}
