//! Several processes meet one expiry, and nothing goes wrong.

use std::time::Duration;

use futures::future::join_all;

use super::{number, value, with_token_that_expires_in};
use crate::aws::Freedoms;
use crate::clock::epoch_millis;
use crate::zoho::LIFETIME;

fn with_latencies() -> Freedoms {
    Freedoms {
        latency: Duration::from_millis(1)..=Duration::from_millis(60),
        ..Freedoms::none()
    }
}

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

#[test]
fn a_day_makes_one_request_an_hour_and_fewer_than_sixty_versions() {
    with_token_that_expires_in(1_200, 7, with_latencies(), async |fleet| {
        let mut members = Vec::new();
        for number in 0..10 {
            members.push(fleet.member(&format!("p{number}"), 0).await);
        }
        let day = fleet.world.now() + Duration::from_secs(24 * 3_600);
        let mut last = 0;
        while fleet.world.now() < day {
            tokio::time::sleep(Duration::from_secs(60)).await;
            for member in &members {
                let access = member.access_token().await.unwrap();
                let number = number(value(&access)).unwrap();
                // A process serves a cached token until its time to live is over.
                assert!(number + 1 >= last, "{number} after {last}");
                last = last.max(number);
            }
        }
        let versions = fleet.world.aws.inner().counts.requests["PutSecretValue"];
        assert!(
            fleet.zoho.requests() <= 29,
            "{} requests",
            fleet.zoho.requests()
        );
        assert!(versions < 60, "{versions} versions");
        assert_eq!(fleet.zoho.requests(), fleet.zoho.issued());
        fleet.check_at_rest();
    });
}
