//! Tags have no compare-and-swap: what one writer puts there, another one may overwrite.

use std::time::Duration;

use serde_json::json;

use crate::aws::{Fault, Freedoms, Wanted};
use crate::world::{World, simulate};

use super::{acknowledged, check_every_key_finds_its_record, only_record, scenario};

const PUT: Wanted = Wanted::Action("PutSecretValue");

async fn settled_record(world: &World) {
    let a = world.process("a").await;
    let first = "user_name=u access_token=a1 refresh_token=r client_id=c";
    a.save(first).await.unwrap();
    world.settle().await;
}

/// Checks that the record is found by its keys, and that a save under one of them does not make a
/// second one.
async fn check_index(world: &World) {
    check_every_key_finds_its_record(world).await;
    let access_token = only_record(world)["access_token"].clone();
    let next = world.process("next").await;
    next.save(&format!("access_token={access_token} api_domain=d"))
        .await
        .unwrap();
    assert_eq!(only_record(world)["api_domain"], "d");
}

/// Two writers of which the second one's put does not come about, each with its tags in place
/// before the first one's put.
async fn with_a_second_writer(world: &World, fault: Fault) {
    settled_record(world).await;
    let (b, c) = (world.process("b").await, world.process("c").await);
    let held = world.hold("b", PUT);
    let saving = b.start_save("user_name=u access_token=b1");
    held.arrived().await;
    for _ in 0..3 {
        world.order("c", PUT, fault);
    }
    let _ = c.save("user_name=u access_token=c1").await;
    held.release();
    acknowledged(&saving.await.unwrap());
    check_index(world).await;
}

#[test]
fn a_writer_that_dies_before_its_put_takes_no_key_from_another_ones_record() {
    scenario(async |world| with_a_second_writer(&world, Fault::CrashBefore).await);
}

#[test]
fn a_writer_whose_put_fails_takes_no_key_from_another_ones_record() {
    scenario(async |world| with_a_second_writer(&world, Fault::ErrorBefore).await);
}

/// A request of an earlier save that is executed after a later save.
async fn with_a_late(world: &World, action: &'static str) {
    settled_record(world).await;
    let (b, c) = (world.process("b").await, world.process("c").await);
    let late = Duration::from_secs(20);
    world.order_late("b", Wanted::Action(action), Fault::LateAfterReset, late);
    acknowledged(&b.save("user_name=u access_token=b1").await);
    acknowledged(&c.save("user_name=u access_token=c1").await);
    acknowledged(&c.save("user_name=u access_token=c2").await);
    tokio::time::sleep(late).await;
    check_index(world).await;
}

#[test]
fn a_late_tag_takes_no_key_from_a_later_save() {
    scenario(async |world| with_a_late(&world, "TagResource").await);
}

#[test]
fn a_late_untag_takes_no_key_from_a_later_save() {
    scenario(async |world| with_a_late(&world, "UntagResource").await);
}

#[test]
fn every_key_finds_its_record_wherever_one_of_two_writers_dies() {
    for seed in 0..40 {
        let latency = Duration::from_millis(1)..=Duration::from_millis(60);
        let freedoms = Freedoms {
            latency,
            ..Freedoms::none()
        };
        simulate(seed, freedoms, async |world| {
            settled_record(&world).await;
            let (b, c) = (world.process("b").await, world.process("c").await);
            let requests = usize::try_from(seed % 5).unwrap();
            let fault = [Fault::CrashBefore, Fault::CrashAfter][usize::from(seed % 2 == 0)];
            world.order_after("c", requests, fault);
            let saving = b.start_save("user_name=u access_token=b1");
            let _ = c.save("user_name=u access_token=c1").await;
            acknowledged(&saving.await.unwrap());
            check_index(&world).await;
        });
    }
}

#[test]
fn a_writer_that_dies_after_its_put_leaves_a_record_that_every_key_finds() {
    scenario(async |world| {
        settled_record(&world).await;
        let b = world.process("b").await;
        world.order("b", PUT, Fault::CrashAfter);
        let _ = b.save("user_name=u access_token=b1").await;
        assert_eq!(only_record(&world)["access_token"], "b1");
        check_index(&world).await;
    });
}

/// Tags of others, as many as the only secret has room for.
fn fill_with_tags(world: &World) {
    let operator = world.operator();
    let secret = operator.secrets().remove(0);
    let others = secret.tags.len()..50;
    let tags: Vec<_> = others
        .map(|number| json!({"Key": format!("team-{number}"), "Value": "crm"}))
        .collect();
    let tagged = operator.call("TagResource", json!({"SecretId": secret.arn, "Tags": tags}));
    tagged.expect("there is room");
}

#[test]
fn a_writer_that_meets_a_full_secret_removes_no_tag_of_a_later_version() {
    scenario(async |world| {
        settled_record(&world).await;
        // By its clock, a write that has just begun is minutes old, and so are its tags.
        let a = world.process_with("a", 200, |settings| settings).await;
        let b = world.process("b").await;
        let held = world.hold("a", Wanted::Action("TagResource"));
        let saving = a.start_save("user_name=u access_token=a2");
        assert!(held.arrived().await);
        b.save("user_name=u refresh_token=r2").await.unwrap();
        fill_with_tags(&world);
        held.release();
        // It fails for want of room, or finds some: both are right.
        let _ = saving.await.unwrap();
        assert_eq!(only_record(&world)["refresh_token"], "r2");
        check_every_key_finds_its_record(&world).await;
    });
}
