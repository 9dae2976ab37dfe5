//! Deleted tokens stay deleted, and what is saved after a deletion stays saved.

use std::time::Duration;

use zoho_token_store::{Deletion, ErrorKind, Field};

use crate::aws::{Fault, Wanted};
use crate::process::{Process, Stopped};
use crate::support::token::id;
use crate::world::World;

use super::{acknowledged, by, only_record, scenario};

const OLD: &str = "user_name=u access_token=old refresh_token=old";
const NEW: &str = "user_name=u access_token=new refresh_token=new";
const LATE: Duration = Duration::from_secs(60);

/// A process that deletes by force.
async fn forceful(world: &World, name: &str) -> Process {
    world
        .process_with(name, 0, |settings| settings.deletion(Deletion::Force))
        .await
}

/// Checks that a process which knows nothing finds no deleted token.
async fn check_old_is_gone(world: &World) {
    for (key, value) in [
        ("user_name", "u"),
        ("refresh_token", "old"),
        ("access_token", "old"),
    ] {
        let reader = world.process("reader").await;
        let found = reader.find(&by(key, value)).await.unwrap();
        let refresh_token = found
            .as_ref()
            .and_then(|found| found.expose(Field::RefreshToken));
        assert_ne!(refresh_token, Some("old"), "found by {key}");
    }
}

#[test]
fn a_token_deleted_at_the_limit_of_versions_does_not_come_back() {
    scenario(async |world| {
        let a = world.process("a").await;
        let record = id(&a.save(OLD).await.unwrap()).to_owned();
        for number in 1..100 {
            a.save(&format!("user_name=u access_token=old{number}"))
                .await
                .unwrap();
        }
        a.delete(&record).await.unwrap();
        world.settle().await;
        let b = world.process("b").await;
        let saved = b.save(NEW).await;
        check_old_is_gone(&world).await;
        if saved.is_ok() {
            assert_eq!(only_record(&world)["refresh_token"], "new");
        }
    });
}

#[test]
fn a_token_saved_while_its_record_is_deleted_does_not_come_back() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let record = id(&a.save("user_name=u refresh_token=older").await.unwrap()).to_owned();
        world.settle().await;
        let held = world.hold("a", Wanted::Action("DeleteSecret"));
        let deleting = a.start_delete(&record);
        held.arrived().await;
        acknowledged(&b.save(OLD).await);
        held.release();
        let deleted = acknowledged(&deleting.await.unwrap());
        // What was saved during the deletion may be deleted with it, or not.
        let is_gone = world.operator().records().is_empty();
        if !deleted || !is_gone {
            return;
        }
        world.settle().await;
        let c = world.process("c").await;
        world.order("c", Wanted::Action("RestoreSecret"), Fault::CrashAfter);
        let _ = c.save(NEW).await;
        check_old_is_gone(&world).await;
    });
}

#[test]
fn a_late_put_does_not_bring_a_deleted_token_into_a_secret_created_again() {
    scenario(async |world| {
        let (a, b) = (forceful(&world, "a").await, forceful(&world, "b").await);
        let record = id(&a
            .save("user_name=u refresh_token=old access_token=older")
            .await
            .unwrap())
        .to_owned();
        world.settle().await;
        world.order_late(
            "a",
            Wanted::Action("PutSecretValue"),
            Fault::LateAfterReset,
            LATE,
        );
        acknowledged(&a.save(OLD).await);
        b.delete(&record).await.unwrap();
        b.save(NEW).await.unwrap();
        tokio::time::sleep(LATE).await;
        assert_eq!(only_record(&world)["refresh_token"], "new");
        check_old_is_gone(&world).await;
    });
}

#[test]
fn a_late_deletion_does_not_reach_a_secret_created_again() {
    scenario(async |world| {
        let (a, b) = (forceful(&world, "a").await, forceful(&world, "b").await);
        let record = id(&a.save(OLD).await.unwrap()).to_owned();
        world.settle().await;
        world.order_late(
            "a",
            Wanted::Action("DeleteSecret"),
            Fault::LateAfterReset,
            LATE,
        );
        acknowledged(&a.delete(&record).await);
        b.save(NEW).await.unwrap();
        tokio::time::sleep(LATE).await;
        assert_eq!(only_record(&world)["refresh_token"], "new");
    });
}

#[test]
fn a_late_tag_does_not_reach_a_secret_created_again() {
    scenario(async |world| {
        let (a, b) = (forceful(&world, "a").await, forceful(&world, "b").await);
        let record = id(&a
            .save("user_name=u refresh_token=old access_token=older")
            .await
            .unwrap())
        .to_owned();
        world.settle().await;
        world.order_late(
            "a",
            Wanted::Action("TagResource"),
            Fault::LateAfterReset,
            LATE,
        );
        acknowledged(&a.save(OLD).await);
        b.delete(&record).await.unwrap();
        b.save(NEW).await.unwrap();
        tokio::time::sleep(LATE).await;
        super::check_every_key_finds_its_record(&world).await;
    });
}

#[test]
fn a_secret_that_others_created_and_deleted_is_not_returned_after_an_own_deletion() {
    scenario(async |world| {
        let (a, b) = (forceful(&world, "a").await, forceful(&world, "b").await);
        let record = id(&b.save(OLD).await.unwrap()).to_owned();
        let before = world.now();
        b.delete(&record).await.unwrap();
        a.save(NEW).await.unwrap();
        a.delete(&record).await.unwrap();
        world.reads_show("a", before);
        world.lists_show("a", before);
        let found = a.find("user_name=u").await;
        if acknowledged(&found) {
            assert_eq!(found.unwrap(), None);
        }
    });
}

#[test]
fn a_deletion_that_finds_the_secret_gone_covers_what_others_saved_before() {
    // One process has known the record, the other one learns of it by its id alone.
    for name in ["a", "c"] {
        scenario(async |world| {
            let (a, b) = (world.process("a").await, world.process("b").await);
            let record = id(&a.save(OLD).await.unwrap()).to_owned();
            world.settle().await;
            a.delete(&record).await.unwrap();
            b.save(NEW).await.unwrap();
            let before = world.now();
            b.delete(&record).await.unwrap();
            let process = match name {
                "a" => a,
                _ => world.process(name).await,
            };
            process.delete(&record).await.unwrap();
            world.reads_show(name, before);
            world.lists_show(name, before);
            let found = process.find("user_name=u").await;
            if acknowledged(&found) {
                assert_eq!(found.unwrap(), None);
            }
            let listed = process.list().await;
            if acknowledged(&listed) {
                assert_eq!(listed.unwrap(), []);
            }
        });
    }
}

#[test]
fn a_record_whose_deletion_is_not_allowed_is_put_back_though_aws_throttles() {
    scenario(async |world| {
        let a = world.process("a").await;
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.order("a", Wanted::Action("DeleteSecret"), Fault::Denied);
        let deleting = a.start_delete(id(&saved));
        while world.operator().records().len() == 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.order_calls("a", 1, Wanted::Action("PutSecretValue"), Fault::Throttled);
        let Err(Stopped::Failed(denied)) = deleting.await.unwrap() else {
            panic!("the deletion was not allowed");
        };
        assert_eq!(denied.kind(), ErrorKind::AccessDenied);
        assert_eq!(only_record(&world)["access_token"], "1");
    });
}

#[test]
fn a_deletion_that_is_not_allowed_says_so_if_the_record_cannot_be_put_back() {
    scenario(async |world| {
        let a = world.process("a").await;
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.order("a", Wanted::Action("DeleteSecret"), Fault::Denied);
        world.order_after_such("a", Wanted::Action("PutSecretValue"), 1, Fault::Denied);
        let Err(Stopped::Failed(denied)) = a.delete(id(&saved)).await else {
            panic!("the deletion was not allowed");
        };
        assert_eq!(denied.kind(), ErrorKind::AccessDenied);
        assert!(denied.to_string().contains("undelete"), "{denied}");
        let b = world.process("b").await;
        assert!(b.undelete(id(&saved)).await.unwrap().is_some());
        assert_eq!(only_record(&world)["access_token"], "1");
    });
}
