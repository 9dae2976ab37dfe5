//! The first saves of one grant at the same time, under different keys.

use std::time::Duration;

use serde_json::json;

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
        let secrets = world.operator().secrets();
        let with_user = secrets.iter().find(|secret| {
            let record = secret.record();
            record.is_some_and(|record| record.contains_key("user_name"))
        });
        let text = with_user
            .and_then(|secret| secret.text())
            .expect("it is there");
        let text = text
            .replace("b1", "b6")
            .replace("_write_id", "_former_write_id");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let arn = with_user.map(|secret| secret.arn.clone());
        let put = world.operator().call(
            "PutSecretValue",
            json!({"SecretId": arn, "SecretString": text}),
        );
        put.unwrap();
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
