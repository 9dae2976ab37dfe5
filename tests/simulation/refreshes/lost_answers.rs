//! Responses of AWS or of Zoho are lost in a refresh, which was executed or not.

use super::{Fleet, is_served, value, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms, Wanted};
use crate::support::token::token;
use std::time::Duration;

const LOST: [Fault; 6] = [
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::HangBefore,
    Fault::HangAfter,
    Fault::ErrorAfter,
    Fault::Unavailable,
];

/// A caller that is told to try again is served when it does.
async fn check_served(fleet: &Fleet, what: &str) -> String {
    let member = fleet.member("p0", 0).await;
    for _ in 0..4 {
        let ended = member.access_token().await;
        if is_served(&ended) {
            let access = ended.unwrap();
            if access.is_saved() {
                return value(&access);
            }
        }
    }
    panic!("{what}: no saved token after four tries");
}

#[test]
fn a_lost_response_of_aws_costs_no_second_refresh() {
    for fault in LOST {
        for call in 0..8 {
            with_token_that_expires_in(0, call, Freedoms::none(), async |fleet| {
                let what = format!("{fault:?} at call {call}");
                let call = usize::try_from(call).unwrap();
                fleet.world.order_after("p0", call, fault);
                let token = check_served(&fleet, &what).await;
                assert_eq!(fleet.zoho.requests(), 1, "{what}");
                assert_eq!(token, "a1", "{what}");
                fleet.check_at_rest();
            });
        }
    }
}

#[test]
fn a_rotated_refresh_token_survives_a_lost_response_of_aws() {
    for fault in LOST {
        for call in 0..8 {
            with_token_that_expires_in(0, call, Freedoms::none(), async |fleet| {
                fleet.zoho.rotate();
                let what = format!("{fault:?} at call {call}");
                let call = usize::try_from(call).unwrap();
                fleet.world.order_after("p0", call, fault);
                check_served(&fleet, &what).await;
                let record = fleet.record();
                assert_eq!(
                    record["refresh_token"],
                    fleet.zoho.refresh_token(),
                    "{what}"
                );
                fleet.check_at_rest();
            });
        }
    }
}

#[test]
fn a_lost_response_of_zoho_costs_one_more_request() {
    for fault in LOST {
        with_token_that_expires_in(0, 3, Freedoms::none(), async |fleet| {
            fleet.zoho.order("p0", fault);
            let what = format!("{fault:?}");
            let member = fleet.member("p0", 0).await;
            let mut ended = member.access_token().await;
            if !is_served(&ended) {
                // Zoho is not asked again for a minute.
                tokio::time::sleep(Duration::from_secs(61)).await;
                ended = member.access_token().await;
            }
            let access = ended.unwrap();
            assert_eq!(
                value(&access),
                format!("a{}", fleet.zoho.issued()),
                "{what}"
            );
            assert!(fleet.zoho.requests() <= 2, "{what}");
            fleet.check_at_rest();
        });
    }
}

#[test]
fn a_response_that_is_lost_late_is_not_asked_for_again_under_the_same_lease() {
    with_token_that_expires_in(0, 3, Freedoms::none(), async |fleet| {
        // The lease would end before a second request does.
        let put = Wanted::Action("PutSecretValue");
        fleet.world.order("p0", put, Fault::Slow);
        fleet.zoho.order("p0", Fault::HangAfter);
        let member = fleet.member("p0", 0).await;
        assert!(!is_served(&member.access_token().await));
        assert_eq!(fleet.zoho.requests(), 1);
    });
}

#[test]
fn what_zoho_refuses_one_process_no_other_one_asks_for_at_once() {
    with_token_that_expires_in(0, 3, Freedoms::none(), async |fleet| {
        fleet.zoho.order("p0", Fault::Unavailable);
        let first = fleet.member("p0", 0).await;
        assert!(!is_served(&first.access_token().await));
        for name in ["p1", "p2"] {
            let next = fleet.member(name, 0).await;
            assert!(!is_served(&next.access_token().await), "{name}");
        }
        assert_eq!(fleet.zoho.requests(), 0);
        tokio::time::sleep(Duration::from_secs(61)).await;
        let access = fleet.member("p3", 0).await.access_token().await.unwrap();
        assert_eq!(value(&access), "a1");
        fleet.check_at_rest();
    });
}

#[test]
fn a_newer_token_saved_by_hand_is_not_replaced() {
    with_token_that_expires_in(0, 5, Freedoms::none(), async |fleet| {
        let held = fleet.zoho.hold("p0");
        let member = fleet.member("p0", 0).await;
        let refreshing = member.start_access_token();
        assert!(held.arrived().await);
        let operator = fleet.world.process("operator").await;
        let login = "user_name=u client_id=c client_secret=s refresh_token=r-new access_token=a9 \
                     expiry_time=1799999999000";
        operator.save(login).await.unwrap();
        held.release();
        let access = refreshing.await.unwrap().unwrap();
        assert_eq!(value(&access), "a9");
        let record = fleet.record();
        assert_eq!(record["access_token"], "a9");
        assert_eq!(record["refresh_token"], "r-new");
        let partial = token("user_name=u");
        assert!(member.provider.status(&partial).await.unwrap().is_some());
        fleet.check_at_rest();
    });
}
