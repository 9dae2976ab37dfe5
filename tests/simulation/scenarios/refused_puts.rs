//! Puts that are refused because the secret is marked for deletion or gone, and what their save does
//! once it is there again.

use serde_json::json;
use tokio::task::JoinHandle;
use zoho_token_store::{Deletion, OAuthToken};

use crate::aws::{Fault, Held, Wanted};
use crate::process::{Ended, Process};
use crate::world::World;

use super::{acknowledged, check_every_key_finds_its_record, only_record, scenario};

const PUT: Wanted = Wanted::Action("PutSecretValue");

/// Somebody does this to the one secret, by hand.
fn by_hand(world: &World, action: &str) {
    let secrets = world.operator().secrets();
    let done = world
        .operator()
        .call(action, json!({"SecretId": secrets[0].arn}));
    done.expect("an operator may do it");
}

/// Begins a save whose put finds the secret deleted by hand, and which looks again when it is let go.
async fn refused(world: &World, process: &Process) -> (Held, JoinHandle<Ended<OAuthToken>>) {
    let held = world.hold(process.name(), PUT);
    let saving = process.start_save("user_name=u access_token=a2");
    assert!(held.arrived().await);
    by_hand(world, "DeleteSecret");
    let looking = world.hold(process.name(), Wanted::Action("GetSecretValue"));
    held.release();
    assert!(looking.arrived().await);
    (looking, saving)
}

#[test]
fn a_put_refused_because_of_a_deletion_by_hand_is_made_once_the_secret_is_restored() {
    // AWS may throttle it then.
    for throttled in [0, 1] {
        scenario(async |world| {
            let a = world.process("a").await;
            a.save("user_name=u access_token=1").await.unwrap();
            world.settle().await;
            let (looking, saving) = refused(&world, &a).await;
            by_hand(&world, "RestoreSecret");
            world.order_calls("a", throttled, PUT, Fault::Throttled);
            looking.release();
            let saved = saving.await.unwrap();
            assert!(acknowledged(&saved), "{throttled}");
            assert_eq!(only_record(&world)["access_token"], "a2");
            // One version for each save.
            assert_eq!(world.operator().secrets()[0].versions.len(), 2);
            check_every_key_finds_its_record(&world).await;
        });
    }
}

#[test]
fn a_refused_put_is_not_made_into_a_secret_that_was_created_again() {
    scenario(async |world| {
        let b = world
            .process_with("b", 0, |settings| settings.deletion(Deletion::Force))
            .await;
        let a = world.process("a").await;
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.settle().await;
        let held = world.hold("a", PUT);
        let saving = a.start_save("user_name=u access_token=a2");
        assert!(held.arrived().await);
        let id = saved.id().expect("it has an id");
        b.delete(id).await.unwrap();
        let looking = world.hold("a", Wanted::Action("GetSecretValue"));
        held.release();
        assert!(looking.arrived().await);
        b.save("user_name=u refresh_token=r").await.unwrap();
        looking.release();
        assert!(acknowledged(&saving.await.unwrap()));
        let record = only_record(&world);
        assert_eq!(record["access_token"], "a2");
        assert_eq!(
            record["refresh_token"], "r",
            "it was merged into the new one"
        );
        check_every_key_finds_its_record(&world).await;
    });
}
