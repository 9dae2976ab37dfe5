//! Answers that are lost after the request was executed.

use std::time::Duration;

use zoho_token_store::Field;

use crate::aws::{Fault, Wanted};
use crate::support::token::id;
use crate::world::World;

use super::{acknowledged, check_every_key_finds_its_record, only_record, scenario};

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
                tokio::time::sleep(Duration::from_millis(1)).await;
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

/// A call is executed, its answer is lost, and AWS throttles its repetitions for longer than the SDK
/// repeats them. Meanwhile another process builds on what was stored.
async fn throttled_after_a_lost_answer(world: &World, call: &'static str) {
    let (a, b) = (world.process("a").await, world.process("b").await);
    world.order("a", Wanted::Action(call), Fault::ResetAfter);
    world.order_calls("a", 2, Wanted::Action(call), Fault::Throttled);
    let saving = a.start_save("user_name=u access_token=a2 api_domain=a2");
    let is_executed = || {
        let records = world.operator().records();
        let mut columns = records.iter().filter_map(|record| record.get("api_domain"));
        columns.any(|value| value == "a2")
    };
    while !is_executed() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let built_on = b.save("user_name=u access_token=b3").await.unwrap();
    assert_eq!(built_on.api_domain(), Some("a2"));
    acknowledged(&saving.await.unwrap());
    let record = only_record(world);
    assert_eq!(record["access_token"], "b3");
    assert_eq!(record["api_domain"], "a2");
}

#[test]
fn a_save_that_is_throttled_after_a_lost_answer_does_not_undo_one_that_was_built_on_it() {
    scenario(async |world| {
        let first = world.process("first").await;
        first.save("user_name=u access_token=1").await.unwrap();
        world.settle().await;
        throttled_after_a_lost_answer(&world, "PutSecretValue").await;
    });
}

#[test]
fn a_first_save_that_is_throttled_after_a_lost_answer_does_not_undo_one_that_was_built_on_it() {
    scenario(async |world| throttled_after_a_lost_answer(&world, "CreateSecret").await);
}

#[test]
fn a_first_save_that_is_repeated_after_a_lost_answer_caches_no_version_that_may_be_replaced() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let create = Wanted::Action("CreateSecret");
        world.order("a", create, Fault::ResetAfter);
        world.order_calls("a", 1, create, Fault::Throttled);
        let saving = a.start_save("user_name=u access_token=a2");
        while world.operator().records().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        b.save("user_name=u access_token=b3").await.unwrap();
        saving.await.unwrap().unwrap();
        let found = a.find("user_name=u").await.unwrap().expect("it is there");
        assert_eq!(found.expose(Field::AccessToken), Some("b3"));
    });
}

#[test]
fn a_put_refused_because_of_a_deletion_and_executed_late_does_not_undo_a_later_save() {
    scenario(async |world| {
        let [a, b, c] = ["a", "b", "c"].map(|name| world.process(name));
        let (a, b, c) = (a.await, b.await, c.await);
        let saved = c.save("user_name=u access_token=1").await.unwrap();
        world.settle().await;
        let deletion = world.hold("c", Wanted::Action("DeleteSecret"));
        let deleting = c.start_delete(id(&saved));
        assert!(deletion.arrived().await);

        // The first request of the put is executed late; the second one finds the secret deleted.
        let late = Duration::from_secs(3);
        world.order_late("a", PUT, Fault::LateAfterReset, late);
        let second = world.hold("a", PUT);
        let saving = a.start_save("user_name=u access_token=a2");
        assert!(second.arrived().await);
        deletion.release();
        deleting.await.unwrap().unwrap();
        let reading = world.hold("a", Wanted::Action("GetSecretValue"));
        second.release();
        assert!(reading.arrived().await);

        // Another process restores the secret, and builds on the late put.
        let restored = world.hold("b", PUT);
        let building = b.start_save("user_name=u access_token=b3");
        assert!(restored.arrived().await);
        while world.operator().records().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(only_record(&world)["access_token"], "a2");
        restored.release();
        assert!(acknowledged(&building.await.unwrap()));
        assert_eq!(only_record(&world)["access_token"], "b3");

        reading.release();
        acknowledged(&saving.await.unwrap());
        assert_eq!(only_record(&world)["access_token"], "b3");
        check_every_key_finds_its_record(&world).await;
    });
}
