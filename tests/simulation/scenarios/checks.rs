//! A check changes nothing, whatever happens while it is made.

use zoho_token_store::Deletion;

use crate::aws::Wanted;
use crate::support::token::id;

use super::{only_record, scenario};

#[test]
fn a_check_does_not_reach_a_secret_that_was_deleted_and_created_again() {
    for call in ["TagResource", "UntagResource", "PutSecretValue"] {
        scenario(async |world| {
            let a = world
                .process_with("a", 0, |settings| settings.deletion(Deletion::Force))
                .await;
            let saved = a.save("user_name=u refresh_token=old").await.unwrap();
            world.settle().await;
            let checker = world.process("checker").await;
            let held = world.hold("checker", Wanted::Action(call));
            let checking = tokio::spawn(async move { checker.store.check().await });
            assert!(held.arrived().await, "{call}");
            a.delete(id(&saved)).await.unwrap();
            a.save("user_name=u refresh_token=new").await.unwrap();
            let before = format!("{:?}", world.operator().secrets());
            held.release();
            checking.await.unwrap();
            assert_eq!(only_record(&world)["refresh_token"], "new", "{call}");
            let after = format!("{:?}", world.operator().secrets());
            assert_eq!(after, before, "{call}");
        });
    }
}
