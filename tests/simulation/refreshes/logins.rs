//! A user whose tokens have expired logs in again, while processes refresh the former tokens.

use std::time::Duration;

use zoho_token_store::{AccessToken, ErrorKind};

use super::grants::{grant, is_settled, settle};
use super::{Fleet, value, with_latencies, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms};
use crate::process::{Ended, Stopped};

const FAULTS: [Fault; 5] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::ResetAfter,
    Fault::HangAfter,
    Fault::HangBefore,
];

/// Whether a refresh of the former tokens has ended as it may: the login ends them.
fn may_end(ended: &Ended<AccessToken>) -> bool {
    match ended {
        Ok(_) | Err(Stopped::Crashed) => true,
        Err(Stopped::Failed(error)) => {
            error.is_retryable() || error.kind() == ErrorKind::NeedsLogin
        }
        Err(_) => false,
    }
}

/// The first process fails at this call to AWS, or at its request to Zoho.
async fn log_in_again(fleet: &Fleet, fault: Fault, call: Option<usize>) {
    let what = format!("{fault:?} at {call:?}");
    match call {
        Some(call) => fleet.world.order_after("first", call, fault),
        None => fleet.zoho.order("first", fault),
    }
    let first = fleet.member("first", 0).await;
    let exchanging = {
        let first = first.clone();
        tokio::spawn(async move { first.exchange(&grant()).await })
    };
    tokio::time::sleep(Duration::from_millis(400)).await;
    let other = fleet.member("other", 0).await;
    assert!(may_end(&other.access_token().await), "{what}");
    is_settled(&exchanging.await.unwrap());
    // A process that knows nothing, and that one again.
    settle(&fleet.member("next", 0).await, &what).await;
    assert!(may_end(&other.access_token().await), "{what}");
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(may_end(&other.access_token().await), "{what}");
    settle(&fleet.member("last", 0).await, &what).await;
    assert!(fleet.zoho.grants() <= 1, "{what}: {}", fleet.zoho.grants());
    fleet.check_no_token_is_replaced_by_an_older_one();
}

#[test]
fn a_second_login_is_sent_at_most_once_whatever_is_refreshed_meanwhile() {
    for fault in FAULTS {
        with_token_that_expires_in(0, 3, Freedoms::none(), async |fleet| {
            log_in_again(&fleet, fault, None).await;
        });
        for call in 0..12 {
            let seed = u64::try_from(call).unwrap();
            with_token_that_expires_in(0, seed, with_latencies(), async |fleet| {
                log_in_again(&fleet, fault, Some(call)).await;
            });
        }
    }
}

#[test]
fn processes_that_log_a_user_in_again_at_once_send_the_grant_once() {
    for seed in 0..10 {
        with_token_that_expires_in(0, seed, with_latencies(), async |fleet| {
            let mut callers = Vec::new();
            for name in 0..4 {
                let member = fleet.member(&format!("p{name}"), 0).await;
                callers.push(tokio::spawn(async move { member.exchange(&grant()).await }));
            }
            for caller in callers {
                let record = caller.await.unwrap().unwrap();
                assert!(record.grant_token().is_some());
            }
            assert_eq!((fleet.zoho.grants(), fleet.zoho.requests()), (1, 1));
            assert_eq!(fleet.record()["refresh_token"], "r1");
            fleet.check_at_rest();
            let access = fleet.member("next", 0).await.access_token().await;
            assert_eq!(value(&access.unwrap()), "a1");
        });
    }
}
