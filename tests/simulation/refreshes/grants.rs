//! A grant token is exchanged once, whatever happens on the way.

use super::{Fleet, Member, is_served, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms};
use crate::process::Stopped;
use crate::support::token::token;
use crate::world::simulate;
use std::time::Duration;
use zoho_token_store::{ErrorKind, OAuthToken};

pub(super) fn grant() -> OAuthToken {
    token("user_name=u grant_token=g client_id=c client_secret=s")
}

fn simulated(seed: u64, body: impl AsyncFnOnce(Fleet)) {
    simulate(seed, Freedoms::none(), async move |world| {
        body(Fleet::new(world)).await;
    });
}

#[test]
fn processes_that_exchange_one_grant_at_once_send_it_once() {
    for seed in 0..10 {
        simulated(seed, async |fleet| {
            let mut callers = Vec::new();
            for name in 0..5 {
                let member = fleet.member(&format!("p{name}"), 0).await;
                callers.push(tokio::spawn(async move { member.exchange(&grant()).await }));
            }
            for caller in callers {
                let record = caller.await.unwrap().unwrap();
                assert_eq!(record.user_name(), Some("u"));
                assert!(record.refresh_token().is_some());
            }
            assert_eq!(fleet.zoho.requests(), 1, "seed {seed}");
            fleet.check_at_rest();
        });
    }
}

#[test]
fn a_grant_is_sent_at_most_once_wherever_a_process_dies_or_a_response_is_lost() {
    let faults = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::ResetAfter,
        Fault::HangAfter,
        Fault::HangBefore,
    ];
    for fault in faults {
        for call in 0..16 {
            simulated(call, async |fleet| {
                let what = format!("{fault:?} at call {call}");
                let call = usize::try_from(call).unwrap();
                fleet.world.order_after("first", call, fault);
                let first = fleet.member("first", 0).await;
                is_settled(&first.exchange(&grant()).await);
                let next = fleet.member("next", 0).await;
                settle(&next, &what).await;
                assert!(fleet.zoho.requests() <= 1, "{what}");
                if fleet.zoho.issued() == 1 && !first.process.link.has_crashed() {
                    assert_eq!(fleet.record()["refresh_token"], "r1", "{what}");
                }
            });
        }
    }
}

#[test]
fn a_grant_whose_response_is_lost_is_sent_again_only_when_the_user_says_so() {
    simulated(1, async |fleet| {
        fleet.zoho.order("first", Fault::CrashBefore);
        let first = fleet.member("first", 0).await;
        is_settled(&first.exchange(&grant()).await);
        let next = fleet.member("next", 0).await;
        let unsettled = loop {
            match next.exchange(&grant()).await {
                Err(Stopped::Failed(error)) if error.kind() == ErrorKind::GrantUnsettled => {
                    break error;
                }
                ended => assert!(!is_served(&ended), "nobody has tokens"),
            }
        };
        assert!(!unsettled.is_retryable());
        assert_eq!(fleet.zoho.requests(), 0);
        let record = next.provider.exchange_grant_again(&grant()).await.unwrap();
        assert!(record.access_token().is_some());
        assert_eq!(fleet.zoho.requests(), 1);
        fleet.check_at_rest();
    });
}

#[test]
fn a_process_that_does_not_learn_what_became_of_a_grant_does_not_send_it_again() {
    for fault in [Fault::ResetAfter, Fault::HangAfter, Fault::HangBefore] {
        simulated(1, async |fleet| {
            fleet.zoho.order("first", fault);
            let first = fleet.member("first", 0).await;
            for _ in 0..2 {
                match first.exchange(&grant()).await {
                    Err(Stopped::Failed(error)) => {
                        assert_eq!(error.kind(), ErrorKind::GrantUnsettled, "{fault:?}");
                    }
                    other => panic!("{fault:?}: {other:?}"),
                }
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            let arrived = usize::from(fault != Fault::HangBefore);
            assert_eq!(fleet.zoho.requests(), arrived, "{fault:?}");
        });
    }
}

#[test]
fn a_save_of_an_access_token_does_not_make_a_grant_be_sent_again() {
    with_token_that_expires_in(0, 1, Freedoms::none(), async |fleet| {
        fleet.zoho.order("first", Fault::HangAfter);
        let first = fleet.member("first", 0).await;
        is_settled(&first.exchange(&grant()).await);
        let operator = fleet.world.process("sdk").await;
        operator.save("user_name=u access_token=a0x").await.unwrap();
        for name in ["first", "next"] {
            let member = fleet.member(name, 0).await;
            match member.exchange(&grant()).await {
                Err(Stopped::Failed(error)) => {
                    assert_eq!(error.kind(), ErrorKind::GrantUnsettled, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(fleet.zoho.grants(), 1);
    });
}

/// Exchanges the grant token until that has ended for good, which takes a few attempts.
pub(super) async fn settle(member: &Member, what: &str) {
    for _ in 0..4 {
        if is_settled(&member.exchange(&grant()).await) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    panic!("{what}: the exchange goes on and on");
}

/// Whether an exchange has ended for good: with tokens, or because nobody knows what Zoho has done.
pub(super) fn is_settled(ended: &crate::process::Ended<OAuthToken>) -> bool {
    match ended {
        Ok(_) => true,
        Err(Stopped::Failed(error)) if error.kind() == ErrorKind::GrantUnsettled => true,
        Err(Stopped::Failed(error)) if error.unsaved_token().is_some() => true,
        ended => is_served(ended),
    }
}
