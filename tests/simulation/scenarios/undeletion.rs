//! A record that is brought back has its own token, whatever happens halfway.

use zoho_token_store::{Deletion, Field};

use crate::aws::{Fault, SETTLING, Wanted};
use crate::process::{Process, Stopped};
use crate::support::token::id;
use crate::world::World;

use super::{by, only_record, scenario};

const OLD: &str = "user_name=u access_token=old refresh_token=old";

/// Saves a record twice and deletes it; returns its id.
async fn deleted(world: &World, process: &Process) -> String {
    process
        .save("user_name=u refresh_token=older")
        .await
        .unwrap();
    let record = id(&process.save(OLD).await.unwrap()).to_owned();
    process.delete(&record).await.unwrap();
    world.settle().await;
    record
}

/// Checks that all find the token that was deleted, by each of its keys.
async fn is_back(world: &World, record: &str) {
    assert_eq!(only_record(world)["refresh_token"], "old");
    world.settle().await;
    for (key, value) in [
        ("user_name", "u"),
        ("refresh_token", "old"),
        ("access_token", "old"),
    ] {
        let reader = world.process("reader").await;
        let found = reader.find(&by(key, value)).await.unwrap();
        let found = found.unwrap_or_else(|| panic!("{key} finds nothing"));
        assert_eq!(found.id(), Some(record));
        assert_eq!(found.expose(Field::RefreshToken), Some("old"));
    }
}

#[test]
fn a_deleted_record_comes_back_with_its_token() {
    scenario(async |world| {
        let a = world.process("a").await;
        let record = deleted(&world, &a).await;
        let undeleted = a.undelete(&record).await.unwrap();
        assert_eq!(
            undeleted.as_ref().and_then(|token| token.id()),
            Some(&*record)
        );
        is_back(&world, &record).await;
        assert_eq!(a.undelete("nobody").await.unwrap(), None);
    });
}

#[test]
fn a_crash_at_any_call_leaves_an_undeletion_that_can_be_repeated() {
    let calls = [
        "DescribeSecret",
        "RestoreSecret",
        "GetSecretValue",
        "TagResource",
        "PutSecretValue",
        "UntagResource",
    ];
    for call in calls {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            scenario(async |world| {
                let a = world.process("a").await;
                let record = deleted(&world, &a).await;
                let b = world.process("b").await;
                world.order("b", Wanted::Action(call), fault);
                let _ = b.undelete(&record).await;
                world.settle().await;
                let c = world.process("c").await;
                assert!(
                    c.undelete(&record).await.unwrap().is_some(),
                    "{call} {fault:?}"
                );
                is_back(&world, &record).await;
            });
        }
    }
}

#[test]
fn a_lost_response_does_not_stop_an_undeletion() {
    for call in ["RestoreSecret", "TagResource", "PutSecretValue"] {
        scenario(async |world| {
            let a = world.process("a").await;
            let record = deleted(&world, &a).await;
            world.order("a", Wanted::Action(call), Fault::ResetAfter);
            assert!(a.undelete(&record).await.unwrap().is_some(), "{call}");
            is_back(&world, &record).await;
        });
    }
}

#[test]
fn a_token_saved_after_the_deletion_is_not_replaced() {
    scenario(async |world| {
        let a = world.process("a").await;
        let record = deleted(&world, &a).await;
        a.save("user_name=u access_token=new refresh_token=new")
            .await
            .unwrap();
        world.settle().await;
        let b = world.process("b").await;
        let undeleted = b
            .undelete(&record)
            .await
            .unwrap()
            .expect("there is a record");
        assert_eq!(undeleted.expose(Field::RefreshToken), Some("new"));
        assert_eq!(only_record(&world)["refresh_token"], "new");
    });
}

#[test]
fn a_deletion_that_was_repeated_is_undone_too() {
    scenario(async |world| {
        let a = world.process("a").await;
        a.save("user_name=u refresh_token=older").await.unwrap();
        let record = id(&a.save(OLD).await.unwrap()).to_owned();
        world.order("a", Wanted::Action("DeleteSecret"), Fault::CrashBefore);
        let _ = a.delete(&record).await;
        world.settle().await;
        let b = world.process("b").await;
        b.delete(&record).await.unwrap();
        world.settle().await;
        let c = world.process("c").await;
        assert!(c.undelete(&record).await.unwrap().is_some());
        is_back(&world, &record).await;
    });
}

#[test]
fn an_undeletion_that_fails_destroys_no_token_even_if_deletions_are_by_force() {
    scenario(async |world| {
        let a = world.process("a").await;
        let record = deleted(&world, &a).await;
        let b = world
            .process_with("b", 0, |settings| settings.deletion(Deletion::Force))
            .await;
        // The role may read only the current version, the tombstone.
        world.order_after_such("b", Wanted::Action("GetSecretValue"), 1, Fault::Denied);
        let undeleted = b.undelete(&record).await;
        assert!(
            matches!(undeleted, Err(Stopped::Failed(_))),
            "{undeleted:?}"
        );
        let secrets = world.operator().secrets();
        let [secret] = &secrets[..] else {
            panic!("the secret is gone");
        };
        assert!(secret.deletion.is_some(), "it is not marked for deletion");
        world.settle().await;
        let c = world.process("c").await;
        assert!(c.undelete(&record).await.unwrap().is_some());
        is_back(&world, &record).await;
    });
}

#[test]
fn a_user_who_has_logged_in_again_does_not_get_a_second_record() {
    scenario(async |world| {
        let a = world.process("a").await;
        a.save(&format!("id=own {OLD}")).await.unwrap();
        a.delete("own").await.unwrap();
        let again = a.save("user_name=u refresh_token=new").await.unwrap();
        let again = id(&again).to_owned();
        world.settle().await;
        let b = world.process("b").await;
        let Err(Stopped::Failed(refused)) = b.undelete("own").await else {
            panic!("the user has two records");
        };
        assert!(refused.to_string().contains(&again), "{refused}");
        assert_eq!(only_record(&world)["refresh_token"], "new");
        // It can still be brought back.
        world.settle().await;
        let c = world.process("c").await;
        c.delete(&again).await.unwrap();
        world.settle().await;
        assert!(c.undelete("own").await.unwrap().is_some());
        is_back(&world, "own").await;
    });
}

#[test]
fn an_undeletion_that_fails_leaves_a_record_that_was_saved_meanwhile() {
    // It is saved at any moment between the restoration and what follows the deletion.
    for (call, number) in [
        ("GetSecretValue", 1),
        ("GetSecretValue", 2),
        ("GetSecretValue", 3),
        ("PutSecretValue", 0),
        ("DeleteSecret", 0),
    ] {
        scenario(async |world| {
            let a = world.process("a").await;
            a.save(&format!("id=own {OLD}")).await.unwrap();
            a.delete("own").await.unwrap();
            a.save("user_name=u refresh_token=other").await.unwrap();
            world.settle().await;
            let b = world.process("b").await;
            let held = world.hold_after("b", Wanted::Action(call), number);
            let undeleting = tokio::spawn(async move { b.undelete("own").await });
            assert!(held.arrived().await, "{call} {number}");
            let c = world.process("c").await;
            c.save("id=own user_name=v refresh_token=new")
                .await
                .unwrap();
            held.release();
            let refused = undeleting.await.unwrap();
            assert!(matches!(refused, Err(Stopped::Failed(_))), "{refused:?}");
            let reader = world.process("reader").await;
            let found = reader.find_by_id("own").await.unwrap();
            let found = found.unwrap_or_else(|| panic!("{call} {number}"));
            assert_eq!(found.expose(Field::RefreshToken), Some("new"));
        });
    }
}

#[test]
fn an_undeletion_that_fails_marks_a_secret_with_replicas_for_deletion_again() {
    scenario(async |world| {
        let replicated = async |name| {
            let process =
                world.process_with(name, 0, |settings| settings.replica_region("eu-west-1"));
            process.await
        };
        let (a, b) = (replicated("a").await, replicated("b").await);
        let record = deleted(&world, &a).await;
        world.order_after_such("b", Wanted::Action("GetSecretValue"), 1, Fault::Denied);
        assert!(b.undelete(&record).await.is_err());
        let secrets = world.operator().secrets();
        assert!(secrets[0].deletion.is_some(), "it stays restored");
    });
}

#[test]
fn an_undeletion_is_not_refused_because_of_a_cached_record_that_is_deleted() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        a.save(&format!("id=own {OLD}")).await.unwrap();
        a.delete("own").await.unwrap();
        let again = a.save("user_name=u refresh_token=new").await.unwrap();
        assert!(b.find("user_name=u").await.unwrap().is_some());
        a.delete(id(&again)).await.unwrap();
        tokio::time::sleep(SETTLING).await;
        assert!(b.undelete("own").await.unwrap().is_some());
        is_back(&world, "own").await;
    });
}

#[test]
fn an_undeletion_that_a_deletion_outruns_brings_no_older_token_back() {
    scenario(async |world| {
        let a = world.process("a").await;
        a.save("user_name=u refresh_token=older").await.unwrap();
        let record = id(&a.save(OLD).await.unwrap()).to_owned();
        world.settle().await;
        let deletion = world.hold("a", Wanted::Action("DeleteSecret"));
        let deleting = a.start_delete(&record);
        assert!(deletion.arrived().await);

        // The secret holds a tombstone and is not marked for deletion yet. It is before the deleted
        // version is read.
        let b = world.process("b").await;
        let reading = world.hold("b", Wanted::Action("GetSecretValue"));
        let undeleting = tokio::spawn({
            let (b, record) = (b.clone(), record.clone());
            async move { b.undelete(&record).await }
        });
        assert!(reading.arrived().await);
        let previous = world.hold("b", Wanted::Action("GetSecretValue"));
        reading.release();
        assert!(previous.arrived().await);
        deletion.release();
        deleting.await.unwrap().unwrap();
        previous.release();
        assert!(undeleting.await.unwrap().unwrap().is_some());
        is_back(&world, &record).await;
    });
}
