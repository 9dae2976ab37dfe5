//! Answers that are lost after the request was executed.

use crate::aws::{Fault, Wanted};

use super::{acknowledged, only_record, scenario};

const PUT: Wanted = Wanted::Action("PutSecretValue");

#[test]
fn a_save_whose_answer_was_lost_does_not_undo_one_that_was_built_on_it() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        a.save("user_name=u access_token=a1").await.unwrap();
        world.settle().await;

        world.order("a", PUT, Fault::ResetAfter);
        let saving = a.start_save("user_name=u access_token=a2 api_domain=a2");
        // The first put is executed, and the retry waits.
        let executed = async {
            while only_record(&world)["access_token"] != "a2" {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        executed.await;
        let held = world.hold("a", PUT);
        let built_on = b.save("user_name=u access_token=b3").await;
        held.arrived().await;
        held.release();
        let saved = saving.await.unwrap();

        assert!(acknowledged(&built_on) && acknowledged(&saved));
        assert_eq!(
            built_on.unwrap().api_domain(),
            Some("a2"),
            "it was built on that of `a`"
        );
        let record = only_record(&world);
        assert_eq!(record["access_token"], "b3");
        assert_eq!(record["api_domain"], "a2");
    });
}
