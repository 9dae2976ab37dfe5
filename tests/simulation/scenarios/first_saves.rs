//! The first saves of one grant at the same time, under different keys.

use crate::aws::{Fault, Wanted};

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
