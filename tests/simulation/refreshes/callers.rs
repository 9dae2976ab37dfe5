//! A caller goes away while the token is refreshed for it.

use super::with_token_that_expires_in;
use crate::aws::{Freedoms, Wanted};
use std::time::Duration;

#[test]
fn what_zoho_issues_for_a_caller_that_is_dropped_is_saved() {
    // While Zoho is asked, and while the token is saved.
    for at_zoho in [true, false] {
        with_token_that_expires_in(0, 1, Freedoms::none(), async |fleet| {
            fleet.zoho.rotate();
            let held = match at_zoho {
                true => fleet.zoho.hold("p0"),
                false => fleet.world.hold("p0", Wanted::Action("TagResource")),
            };
            let member = fleet.member("p0", 0).await;
            let caller = member.start_access_token();
            assert!(held.arrived().await);
            caller.abort();
            assert!(caller.await.is_err(), "it is gone");
            held.release();
            tokio::time::sleep(Duration::from_secs(5)).await;
            let record = fleet.record();
            assert_eq!(record["access_token"], "a1");
            assert_eq!(record["refresh_token"], fleet.zoho.refresh_token());
            fleet.check_at_rest();
        });
    }
}
