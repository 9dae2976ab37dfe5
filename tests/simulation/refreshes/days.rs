//! Days: how many requests Zoho gets, and how many versions a secret.

use std::time::Duration;

use zoho_token_store::{AccessToken, ErrorKind};

use super::{Fleet, Member, number, value, with_latencies, with_token_that_expires_in};
use crate::clock::epoch_millis;
use crate::process::{Ended, Stopped};
use crate::support::token::token;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const MINUTE: Duration = Duration::from_secs(60);

async fn members(fleet: &Fleet, processes: usize) -> Vec<Member> {
    let mut members = Vec::new();
    for number in 0..processes {
        members.push(fleet.member(&format!("p{number}"), 0).await);
    }
    members
}

/// Has two processes ask for the access token every five minutes, for a day.
async fn ask_in_vain(fleet: &Fleet, mut ended: impl FnMut(Ended<AccessToken>)) {
    let members = members(fleet, 2).await;
    let end = fleet.world.now() + DAY;
    while fleet.world.now() < end {
        tokio::time::sleep(5 * MINUTE).await;
        for member in &members {
            ended(member.access_token().await);
        }
    }
}

#[test]
fn a_day_of_a_hundred_processes_makes_one_request_an_hour_and_fewer_than_sixty_versions() {
    with_token_that_expires_in(1_200, 7, with_latencies(), async |fleet| {
        let before = fleet.versions();
        let members = members(&fleet, 100).await;
        let end = fleet.world.now() + DAY;
        let (mut last, mut pause) = (0, 8 * MINUTE);
        while fleet.world.now() < end {
            tokio::time::sleep(pause).await;
            for member in &members {
                let number = number(value(&member.access_token().await.unwrap())).unwrap();
                // A process serves a cached token until its time to live is over.
                assert!(number + 1 >= last, "{number} after {last}");
                last = last.max(number);
            }
            // Once a minute; but while the token is valid for longer than any window, all are hits.
            let expiry: u64 = fleet.record()["expiry_time"].parse().unwrap();
            let left = expiry.saturating_sub(epoch_millis(fleet.world.now()));
            let left = Duration::from_millis(left);
            pause = left.saturating_sub(11 * MINUTE).max(MINUTE);
        }
        let (requests, versions) = (fleet.zoho.requests(), fleet.versions() - before);
        println!("a day of 100 processes: {requests} requests to Zoho, {versions} versions");
        assert!(requests <= 29, "{requests} requests");
        assert!(versions < 60, "{versions} versions");
        assert_eq!(requests, fleet.zoho.issued());
        fleet.check_at_rest();
    });
}

#[test]
fn a_day_of_a_token_that_always_fails_makes_fewer_than_fifty_versions() {
    let refusals = [
        (r#"{"error":"invalid_code"}"#, ErrorKind::NeedsLogin),
        (r#"{"error":"general_error"}"#, ErrorKind::Unavailable),
        (r#"{"error":"Access Denied"}"#, ErrorKind::Throttled),
    ];
    for (body, kind) in refusals {
        with_token_that_expires_in(0, 7, with_latencies(), async |fleet| {
            fleet.zoho.refuse_all(body);
            let before = fleet.versions();
            ask_in_vain(&fleet, |access| match access {
                Err(Stopped::Failed(error)) => assert_eq!(error.kind(), kind),
                ended => panic!("{ended:?}"),
            })
            .await;
            let (requests, versions) = (fleet.zoho.requests(), fleet.versions() - before);
            println!("a day of {kind:?}: {requests} requests to Zoho, {versions} versions");
            assert!(versions < 50, "{versions} versions");
            assert!(requests <= versions.div_ceil(2), "{requests} requests");
        });
    }
}

#[test]
fn a_day_of_calls_that_every_token_is_refused_for_adds_few_versions() {
    with_token_that_expires_in(1_200, 7, with_latencies(), async |fleet| {
        let before = fleet.versions();
        let members = members(&fleet, 3).await;
        let partial = token("user_name=u");
        let end = fleet.world.now() + DAY;
        while fleet.world.now() < end {
            tokio::time::sleep(MINUTE).await;
            for member in &members {
                let call = member.provider.call(&partial, async |_| {
                    Ok::<_, zoho_token_store::Error>((401_u16, ()))
                });
                assert_eq!(call.await.unwrap().0, 401);
            }
        }
        let (requests, versions) = (fleet.zoho.requests(), fleet.versions() - before);
        println!("a day of refused calls: {requests} requests to Zoho, {versions} versions");
        // The hourly refreshes make 58 of them. AWS keeps about 100.
        assert!(versions < 80, "{versions} versions");
        fleet.check_at_rest();
    });
}

#[test]
fn a_day_in_which_zoho_never_responds_makes_fewer_than_fifty_versions() {
    with_token_that_expires_in(0, 7, with_latencies(), async |fleet| {
        fleet.zoho.be_silent();
        let before = fleet.versions();
        ask_in_vain(&fleet, |access| match access {
            Err(Stopped::Failed(error)) => assert!(error.is_retryable(), "{error}"),
            ended => panic!("{ended:?}"),
        })
        .await;
        let versions = fleet.versions() - before;
        println!("a day of silence: {versions} versions");
        assert!(versions < 50, "{versions} versions");
    });
}
