//! The first saves of one grant at the same time, under different keys.

use std::time::Duration;

use serde_json::json;
use zoho_token_store::{RefreshCoordination, Swap};

use crate::aws::{Fault, Wanted};
use crate::process::Process;
use crate::world::World;

use super::{acknowledged, check_every_key_finds_its_record, only_record, scenario};

const WITH_REFRESH: &str = "refresh_token=r access_token=a1";
const WITH_USER: &str = "user_name=u refresh_token=r access_token=b1";

#[test]
fn first_saves_at_once_under_different_keys_make_one_record() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let (first, second) = tokio::join!(a.save(WITH_REFRESH), b.save(WITH_USER));
        assert!(acknowledged(&first) && acknowledged(&second));
        world.settle().await;
        let record = only_record(&world);
        assert_eq!(
            (&*record["user_name"], &*record["refresh_token"]),
            ("u", "r")
        );
        assert!(["a1", "b1"].contains(&&*record["access_token"]));
        check_every_key_finds_its_record(&world).await;
    });
}

#[test]
fn the_next_save_makes_one_record_of_two_when_a_first_writer_died() {
    for dies in ["a", "b"] {
        scenario(async |world| {
            let (a, b) = (world.process("a").await, world.process("b").await);
            world.order(dies, Wanted::Action("CreateSecret"), Fault::CrashAfter);
            let _ = tokio::join!(a.save(WITH_REFRESH), b.save(WITH_USER));
            world.settle().await;
            // The next save puts right what the crash left.
            let c = world.process("c").await;
            c.save("user_name=u refresh_token=r api_domain=d")
                .await
                .unwrap();
            world.settle().await;
            assert_eq!(only_record(&world)["api_domain"], "d");
            check_every_key_finds_its_record(&world).await;
        });
    }
}

/// Leaves two records of one grant, of which the writer of the one with the user has died. Returns
/// the process that saved the other one, which does not see the first.
async fn two_records(world: &World) -> Process {
    let (a, b) = (world.process("a").await, world.process("b").await);
    let before = world.now();
    world.lists_show("a", before);
    world.order("b", Wanted::Action("CreateSecret"), Fault::CrashAfter);
    let _ = tokio::join!(a.save(WITH_REFRESH), b.save(WITH_USER));
    assert_eq!(world.operator().records().len(), 2);
    a
}

/// Somebody puts another access token into the record with the user, by hand.
fn put_into_the_record_with_the_user(world: &World, access_token: &str) {
    let secrets = world.operator().secrets();
    let with_user = secrets.iter().find(|secret| {
        let record = secret.record();
        record.is_some_and(|record| record.contains_key("user_name"))
    });
    let secret = with_user.expect("it is there");
    let text = secret.text().expect("it has a value");
    let text = text
        .replace("b1", access_token)
        .replace("_write_id", "_former_write_id");
    let put = world.operator().call(
        "PutSecretValue",
        json!({"SecretId": secret.arn, "SecretString": text}),
    );
    put.unwrap();
}

#[test]
fn of_two_records_of_one_grant_the_values_that_were_saved_last_stay() {
    // The one without the user is changed last.
    scenario(async |world| {
        let a = two_records(&world).await;
        a.save("refresh_token=r access_token=a5 expiry_time=5")
            .await
            .unwrap();
        let c = world.process("c").await;
        c.save("user_name=u refresh_token=r api_domain=d")
            .await
            .unwrap();
        let record = only_record(&world);
        assert_eq!(record["access_token"], "a5");
        assert_eq!(record["expiry_time"], "5");
        assert_eq!((&*record["user_name"], &*record["api_domain"]), ("u", "d"));
        check_every_key_finds_its_record(&world).await;
    });
    // The one with the user is.
    scenario(async |world| {
        let a = two_records(&world).await;
        a.save("refresh_token=r access_token=a5").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        put_into_the_record_with_the_user(&world, "b6");
        let c = world.process("c").await;
        c.save("user_name=u refresh_token=r api_domain=d")
            .await
            .unwrap();
        assert_eq!(only_record(&world)["access_token"], "b6");
    });
}

#[test]
fn what_is_saved_into_a_record_while_it_is_merged_stays() {
    scenario(async |world| {
        let a = two_records(&world).await;
        a.save("refresh_token=r access_token=a5").await.unwrap();
        let c = world.process("c").await;
        // The merged record is put; the other one is deleted afterwards.
        let held = world.hold("c", Wanted::Action("PutSecretValue"));
        let saving = c.start_save("user_name=u refresh_token=r api_domain=d");
        assert!(held.arrived().await);
        a.save("refresh_token=r access_token=a6").await.unwrap();
        held.release();
        saving.await.unwrap().unwrap();
        assert_eq!(only_record(&world)["access_token"], "a6");
    });
}

#[test]
fn a_lease_makes_the_values_of_a_record_no_later() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let before = world.now();
        world.order("a", Wanted::Action("CreateSecret"), Fault::CrashAfter);
        let _ = a.save(WITH_REFRESH).await;
        // Two seconds later, the other process does not see that record yet.
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.reads_show("b", before);
        world.lists_show("b", before);
        world.order("b", Wanted::Action("CreateSecret"), Fault::CrashAfter);
        let _ = b.save(WITH_USER).await;
        let records = world.operator().records();
        assert_eq!(records.len(), 2);
        let without_user = records
            .iter()
            .find(|record| !record.contains_key("user_name"));
        let weaker = &without_user.expect("it is there")["id"];

        world.settle().await;
        let c = world.process("c").await;
        let version = c.store.read(weaker).await.unwrap().expect("it is there");
        let leased = c.store.swap(&version, version.token(), Some("a lease"));
        assert!(matches!(leased.await.unwrap(), Swap::Current(_)));
        let d = world.process("d").await;
        d.save("user_name=u refresh_token=r api_domain=d")
            .await
            .unwrap();
        assert_eq!(only_record(&world)["access_token"], "b1");
    });
}

#[test]
fn what_was_saved_before_the_other_record_does_not_count_when_it_is_read_late() {
    scenario(async |world| {
        let a = two_records(&world).await;
        let c = world.process("c").await;
        // It has read the record without the user, and not yet the other one.
        let held = world.hold_after("c", Wanted::Action("GetSecretValue"), 3);
        let saving = c.start_save("user_name=u refresh_token=r api_domain=d");
        assert!(held.arrived().await);
        a.save("refresh_token=r access_token=a5").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        put_into_the_record_with_the_user(&world, "b6");
        held.release();
        saving.await.unwrap().unwrap();
        assert_eq!(only_record(&world)["access_token"], "b6");
    });
}
