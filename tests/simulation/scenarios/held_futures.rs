//! Futures that are begun and then not polled, as in a `select!` whose other branch has won: they
//! hold up nobody else for long.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout};

use crate::aws::{Fault, Freedoms, Wanted};
use crate::support::token::id;
use crate::world::World;

use super::scenario;

/// Nobody waits longer than this for a future that is not polled.
const BOUND: Duration = Duration::from_secs(60);

/// At every point where a save can be waiting.
const POINTS: std::ops::Range<u64> = 1..45;

#[test]
fn a_save_that_is_not_polled_does_not_hold_up_another_one() {
    scenario(async |world| {
        let a = world.process("a").await;
        a.save("user_name=u access_token=0").await.unwrap();
        for point in POINTS {
            let columns = format!("user_name=u access_token={point}");
            let mut held = Box::pin(a.save(&columns));
            if timeout(Duration::from_millis(point), &mut held)
                .await
                .is_ok()
            {
                continue;
            }
            let next = format!("user_name=u access_token=next-{point}");
            let saved = timeout(BOUND, a.save(&next)).await;
            saved
                .expect("the second save ends")
                .expect("and is acknowledged");
            // It can be taken up again.
            let _ = timeout(BOUND, held).await.expect("the first one ends too");
        }
    });
}

#[test]
fn a_save_that_is_not_polled_does_not_hold_up_a_deletion_or_a_lookup() {
    scenario(async |world| {
        let a = world.process("a").await;
        for point in POINTS {
            let saved = a.save("user_name=u access_token=0").await.unwrap();
            let columns = format!("user_name=u access_token={point}");
            let mut held = Box::pin(a.save(&columns));
            if timeout(Duration::from_millis(point), &mut held)
                .await
                .is_ok()
            {
                continue;
            }
            let found = timeout(BOUND, a.find("user_name=u")).await;
            found
                .expect("the lookup ends")
                .expect("and finds something or nothing");
            let deleted = timeout(BOUND, a.delete(id(&saved))).await;
            deleted
                .expect("the deletion ends")
                .expect("and is acknowledged");
        }
    });
}

#[test]
fn a_lookup_in_a_runtime_that_stands_still_does_not_hold_up_the_same_one_elsewhere() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    for point in 1..12 {
        fastrand::seed(point);
        let (first, second) = (runtime(), runtime());
        let world = first.block_on(async { World::new(point, Freedoms::none()) });
        let a = first.block_on(world.process("a"));
        let mut held = Box::pin(a.find("user_name=u"));
        let begun =
            first.block_on(async { timeout(Duration::from_millis(point), &mut held).await });
        if begun.is_ok() {
            continue;
        }
        // From here on nothing moves in the first runtime.
        let found = second.block_on(async { timeout(BOUND, a.find("user_name=u")).await });
        found
            .expect("the second lookup ends")
            .expect("and finds nothing");
    }
}

#[test]
fn saves_of_one_record_do_not_add_up_their_timeouts() {
    scenario(async |world| {
        let a = world.process("a").await;
        a.save("user_name=u access_token=0").await.unwrap();
        for _ in 0..200 {
            world.order("a", Wanted::Action("PutSecretValue"), Fault::HangBefore);
        }
        let began = Instant::now();
        let saves = (1..=10).map(|number| {
            let a = a.clone();
            async move {
                let _ = a.save(&format!("user_name=u access_token={number}")).await;
                began.elapsed()
            }
        });
        let longest = join_all(saves).await.into_iter().max().unwrap_or_default();
        assert!(longest <= BOUND, "{longest:?}");
    });
}
