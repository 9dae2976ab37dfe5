//! Reads by name that show an older state, also of what the same process wrote.

use std::time::Duration;

use crate::process::Process;
use crate::support::token::id;
use crate::world::World;

use super::{acknowledged, by, only_record, scenario};

/// A record that every reader sees.
async fn settled_record(world: &World) -> (Process, String) {
    let a = world.process("a").await;
    let saved = a
        .save("user_name=u access_token=1 refresh_token=r")
        .await
        .unwrap();
    world.settle().await;
    (a, id(&saved).to_owned())
}

#[test]
fn a_save_that_finds_what_it_saves_in_a_stale_read_is_not_acknowledged_in_vain() {
    scenario(async |world| {
        let (a, _) = settled_record(&world).await;
        let before = world.now();
        a.save("user_name=u access_token=2").await.unwrap();
        world.reads_show("a", before);
        let saved = a.save("user_name=u access_token=1").await;
        if acknowledged(&saved) {
            assert_eq!(only_record(&world)["access_token"], "1");
        }
    });
}

#[test]
fn a_save_of_what_another_process_replaced_is_not_acknowledged_on_a_stale_read() {
    scenario(async |world| {
        let (a, _) = settled_record(&world).await;
        let before = world.now();
        a.save("user_name=u access_token=2").await.unwrap();
        world.reads_show("b", before);
        let b = world.process("b").await;
        let saved = b.save("user_name=u access_token=1").await;
        if acknowledged(&saved) {
            assert_eq!(only_record(&world)["access_token"], "1");
        }
    });
}

#[test]
fn a_save_after_a_deletion_that_a_stale_read_does_not_show_is_stored() {
    scenario(async |world| {
        let (a, record) = settled_record(&world).await;
        let before = world.now();
        a.delete(&record).await.unwrap();
        world.reads_show("a", before);
        let saved = a.save("user_name=u access_token=1 refresh_token=r").await;
        if acknowledged(&saved) {
            assert_eq!(only_record(&world)["access_token"], "1");
        }
    });
}

#[test]
fn a_deletion_that_reads_not_found_deletes_what_the_process_saved() {
    scenario(async |world| {
        let a = world.process("a").await;
        let before = world.now();
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.reads_show("a", before);
        let deleted = a.delete(id(&saved)).await;
        if acknowledged(&deleted) {
            assert_eq!(world.operator().records(), []);
        }
    });
}

#[test]
fn a_stale_list_hides_nothing_that_the_process_saved() {
    scenario(async |world| {
        let (a, _) = settled_record(&world).await;
        let before = world.now();
        let saved = a.save("user_name=u access_token=2").await.unwrap();
        world.reads_show("a", before);
        world.lists_show("a", before);
        let listed = a.list().await;
        if acknowledged(&listed) {
            assert_eq!(listed.unwrap(), std::slice::from_ref(&saved));
        }
        let found = a.find("user_name=u").await;
        if acknowledged(&found) {
            assert_eq!(found.unwrap().as_ref(), Some(&saved));
        }
    });
}

#[test]
fn a_stale_list_shows_nothing_that_the_process_deleted() {
    scenario(async |world| {
        let (a, record) = settled_record(&world).await;
        let before = world.now();
        a.delete(&record).await.unwrap();
        world.reads_show("a", before);
        world.lists_show("a", before);
        let listed = a.list().await;
        if acknowledged(&listed) {
            assert_eq!(listed.unwrap(), []);
        }
    });
}

#[test]
fn what_a_process_saved_it_finds_at_once_without_its_cache_too() {
    scenario(async |world| {
        let (a, record) = settled_record(&world).await;
        let before = world.now();
        let saved = a.save("user_name=u access_token=2").await.unwrap();
        a.invalidate(&record);
        world.reads_show("a", before);
        let found = a.find("user_name=u").await;
        if acknowledged(&found) {
            assert_eq!(found.unwrap(), Some(saved));
        }
    });
}

#[test]
fn what_a_process_deleted_it_finds_no_more() {
    scenario(async |world| {
        let (a, record) = settled_record(&world).await;
        let before = world.now();
        a.delete(&record).await.unwrap();
        world.reads_show("a", before);
        world.lists_show("a", before);
        for (key, value) in [
            ("user_name", "u"),
            ("access_token", "1"),
            ("refresh_token", "r"),
        ] {
            let found = a.find(&by(key, value)).await;
            if acknowledged(&found) {
                assert_eq!(found.unwrap(), None, "by {key}");
            }
        }
    });
}

#[test]
fn a_stale_not_found_does_not_double_a_record() {
    let second_saves = [
        (
            "user_name=u refresh_token=r",
            "refresh_token=r access_token=2",
        ),
        (
            "id=own user_name=u refresh_token=r",
            "user_name=u access_token=2",
        ),
    ];
    for (first, second) in second_saves {
        for capacity in [None, Some(1_000)] {
            scenario(async |world| {
                let a = world
                    .process_with("a", 0, |settings| settings.cache_capacity(capacity))
                    .await;
                let before = world.now();
                a.save(first).await.unwrap();
                world.reads_show("a", before);
                world.lists_show("a", before);
                acknowledged(&a.save(second).await);
                tokio::time::sleep(Duration::from_secs(10)).await;
                only_record(&world);
            });
        }
    }
}

#[test]
fn a_deletion_by_another_process_that_reads_not_found_deletes_what_was_saved() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let before = world.now();
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.reads_show("b", before);
        let deleted = b.delete(id(&saved)).await;
        if acknowledged(&deleted) {
            assert_eq!(world.operator().records(), []);
        }
    });
}

#[test]
fn a_record_that_only_the_list_shows_is_not_doubled() {
    scenario(async |world| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let before = world.now();
        a.save("id=own user_name=u refresh_token=r").await.unwrap();
        world.reads_show("b", before);
        acknowledged(&b.save("user_name=u access_token=2").await);
        tokio::time::sleep(Duration::from_secs(10)).await;
        only_record(&world);
    });
}

#[test]
fn what_a_process_saved_after_others_deleted_and_saved_it_finds_at_once() {
    scenario(async |world| {
        let (a, record) = settled_record(&world).await;
        let b = world.process("b").await;
        b.delete(&record).await.unwrap();
        let deleted = world.now();
        b.save("user_name=u access_token=3").await.unwrap();
        a.invalidate(&record);
        let saved = a.save("user_name=u access_token=4").await.unwrap();
        a.invalidate(&record);
        world.reads_show("a", deleted);
        let found = a.find("user_name=u").await;
        if acknowledged(&found) {
            assert_eq!(found.unwrap(), Some(saved));
        }
    });
}

#[test]
fn what_a_process_deleted_without_a_tombstone_it_finds_no_more() {
    scenario(async |world| {
        let (a, record) = settled_record(&world).await;
        for number in 2..=100 {
            let columns = format!("user_name=u access_token={number}");
            a.save(&columns).await.unwrap();
        }
        let before = world.now();
        // There is no room for another version.
        a.delete(&record).await.unwrap();
        world.reads_show("a", before);
        let found = a.find("user_name=u").await;
        if acknowledged(&found) {
            assert_eq!(found.unwrap(), None);
        }
    });
}
