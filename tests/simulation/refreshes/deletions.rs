//! A record is deleted while its token is refreshed.

use super::with_token_that_expires_in;
use crate::aws::{Freedoms, Wanted};
use crate::process::Stopped;
use zoho_token_store::ErrorKind;

#[test]
fn a_record_that_is_deleted_during_its_refresh_stays_deleted() {
    // While Zoho is asked, and while the token is saved.
    for at_zoho in [true, false] {
        with_token_that_expires_in(0, 1, Freedoms::none(), async |fleet| {
            let held = match at_zoho {
                true => fleet.zoho.hold("p0"),
                false => fleet.world.hold("p0", Wanted::Action("TagResource")),
            };
            let id = fleet.record()["id"].clone();
            let member = fleet.member("p0", 0).await;
            let refreshing = member.start_access_token();
            assert!(held.arrived().await);
            let operator = fleet.world.process("operator").await;
            operator.delete(&id).await.unwrap();
            held.release();
            match refreshing.await.unwrap() {
                Err(Stopped::Failed(error)) => assert_eq!(error.kind(), ErrorKind::NeedsLogin),
                other => panic!("{other:?}"),
            }
            assert!(fleet.world.operator().records().is_empty());
            let found = operator.find("user_name=u").await.unwrap();
            assert_eq!(found, None);
        });
    }
}
