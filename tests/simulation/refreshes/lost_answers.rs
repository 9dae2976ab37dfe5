//! Responses of AWS or of Zoho are lost in a refresh, which was executed or not.

use super::{Fleet, is_served, value, with_token_that_expires_in};
use crate::aws::{Fault, Freedoms};
use crate::support::token::token;

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
                tokio::time::sleep(std::time::Duration::from_secs(61)).await;
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
