//! Writes above the limit of writes a second: some wait for their turn, and the others fail without
//! another attempt.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;
use zoho_token_store::ErrorKind;

use crate::process::{Ended, Process, Stopped};
use crate::world::World;

use super::scenario;

/// Longer than one attempt takes that does not wait for its turn: records that share a lock wait for
/// each other for up to 5 seconds.
const ONE_ATTEMPT: Duration = Duration::from_secs(8);

/// A process that may make one write of each kind a second.
async fn slow(world: &World, name: &str) -> Process {
    let process = world.process_with(name, 0, |settings| settings.writes_per_second(1));
    process.await
}

/// What a save came to, and after how long.
async fn timed<T>(saving: impl Future<Output = Ended<T>>) -> (Ended<T>, Duration) {
    let began = Instant::now();
    (saving.await, began.elapsed())
}

/// How many of these failed, all in their first attempt and with an error that says to try again.
fn refused<T>(saves: &[(Ended<T>, Duration)]) -> usize {
    let mut refused = 0;
    for (save, took) in saves {
        match save {
            Ok(_) => continue,
            Err(Stopped::Failed(error)) => assert_eq!(error.kind(), ErrorKind::Throttled),
            Err(stopped) => panic!("{stopped}"),
        }
        assert!(*took < ONE_ATTEMPT, "it failed after {took:?}");
        refused += 1;
    }
    refused
}

/// How many such requests there were.
fn requests(world: &World, action: &str) -> u64 {
    let counts = &world.aws.inner().counts;
    counts.requests.get(action).copied().unwrap_or_default()
}

#[test]
fn first_saves_above_the_limit_fail_soon_and_are_not_looked_up_again() {
    scenario(async |world| {
        let a = slow(&world, "a").await;
        let saves = join_all((0..100).map(|user| {
            let a = a.clone();
            async move { timed(a.save(&format!("user_name={user} access_token=a{user}"))).await }
        }));
        let saves = saves.await;
        let stored = world.operator().records().len();
        assert_eq!(refused(&saves), 100 - stored);
        assert!((31..=40).contains(&stored), "{stored}");
        // Each looks under two names, and those that are stored look once more for another record.
        let reads = 200 + u64::try_from(stored).unwrap();
        assert_eq!(requests(&world, "GetSecretValue"), reads);
    });
}

#[test]
fn updates_and_deletions_above_the_limit_fail_soon_and_read_nothing_again() {
    scenario(async |world| {
        let a = world.process("a").await;
        for number in 0..60 {
            a.save(&format!("id={number} access_token=a{number}"))
                .await
                .unwrap();
        }
        world.settle().await;
        let b = slow(&world, "b").await;
        let before = requests(&world, "GetSecretValue");
        let updates = (0..60).map(|number| {
            let b = b.clone();
            async move { timed(b.save(&format!("id={number} access_token=b{number}"))).await }
        });
        let refused_updates = refused(&join_all(updates).await);
        assert!((20..=29).contains(&refused_updates), "{refused_updates}");
        assert_eq!(requests(&world, "GetSecretValue") - before, 60);

        let c = slow(&world, "c").await;
        let before = requests(&world, "GetSecretValue");
        let deletions = (0..60).map(|number| {
            let c = c.clone();
            async move { timed(c.delete(&number.to_string())).await }
        });
        let refused_deletions = refused(&join_all(deletions).await);
        assert!(
            (20..=29).contains(&refused_deletions),
            "{refused_deletions}"
        );
        assert_eq!(requests(&world, "GetSecretValue") - before, 60);
    });
}
