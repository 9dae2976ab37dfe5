//! Random fleets: everything that may go wrong at once.

use std::time::Duration;

use fastrand::Rng;
use futures::future::join_all;

use super::{Fleet, WAIT, is_served, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms};

/// The fixed programs of `make test`.
const SEEDS: u64 = 60;

/// Returns how many requests there may be beside those after takeovers: one, and one more for each
/// crash, each lost response, and each refusal of Zoho, which is asked again a minute later.
async fn run(fleet: &Fleet, random: &mut Rng) -> usize {
    let mut allowed = 1;
    let mut callers = Vec::new();
    for number in 0..random.usize(2..=6) {
        let name = format!("p{number}");
        let ahead = *random.choice(&[0, 0, 0, 290, -290, 30]).unwrap_or(&0);
        if random.u8(..3) == 0 {
            let fault = *random
                .choice(&[
                    Fault::CrashBefore,
                    Fault::CrashAfter,
                    Fault::ResetAfter,
                    Fault::HangAfter,
                    Fault::ErrorBefore,
                ])
                .unwrap_or(&Fault::CrashBefore);
            let is_at_zoho = random.bool();
            // An error of AWS costs no request.
            allowed += usize::from(is_at_zoho || fault != Fault::ErrorBefore);
            match is_at_zoho {
                true => fleet.zoho.order(&name, fault),
                false => fleet.world.order_after(&name, random.usize(..8), fault),
            }
        }
        let member = fleet.member(&name, ahead).await;
        for _ in 0..random.usize(1..=3) {
            let (member, pause) = (member.clone(), random.u64(..20_000));
            callers.push(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                let began = tokio::time::Instant::now();
                let ended = member.access_token().await;
                assert!(
                    began.elapsed() <= WAIT,
                    "a caller waited {:?}",
                    began.elapsed()
                );
                is_served(&ended)
            }));
        }
    }
    for served in join_all(callers).await {
        served.unwrap();
    }
    allowed
}

#[test]
fn requests_are_bounded_and_no_token_is_lost_whatever_goes_wrong() {
    let mut all = 0;
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let freedoms = Freedoms {
            latency: Duration::from_millis(1)..=Duration::from_millis(random.u64(2..=80)),
            stale_reads: match random.bool() {
                true => random.f64() * 40.0,
                false => 0.0,
            },
            abandoned: random.f64() * 50.0,
            ..Freedoms::none()
        };
        let expires_in = *random.choice(&[0, 20, 65, 200]).unwrap_or(&0);
        with_token_that_expires_in(expires_in, seed, freedoms, async |fleet| {
            let allowed = run(&fleet, &mut random).await;
            let allowed = allowed + fleet.takeovers();
            assert!(
                fleet.zoho.requests() <= allowed,
                "seed {seed}: {}",
                fleet.zoho.requests()
            );
            all += fleet.zoho.requests();
            fleet.check_no_token_is_replaced_by_an_older_one();
            // Somebody who comes later has a token, and leaves no lease.
            fleet.world.change(|freedoms| *freedoms = Freedoms::none());
            tokio::time::sleep(Duration::from_secs(240)).await;
            let last = fleet.member("last", 0).await;
            let access = last.access_token().await;
            assert!(
                is_served(&access) && access.unwrap().is_saved(),
                "seed {seed}"
            );
            fleet.check_at_rest();
        });
    }
    println!("refreshes: {SEEDS} fleets, {all} requests to Zoho");
}
