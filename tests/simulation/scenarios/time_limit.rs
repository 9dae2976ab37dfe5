//! An operation on one record ends within three minutes, also if a single call may take longer.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::Instant;

use zoho_token_store::RefreshCoordination;

use crate::aws::{Fault, Wanted};
use crate::process::Ended;
use crate::support::token::{id, token};
use crate::world::World;

use super::{acknowledged, scenario};

const LIMIT: Duration = Duration::from_secs(180);

/// Longer than the limit.
const TIMEOUT: Duration = Duration::from_secs(1_000);

async fn ends_within_the_limit<T: Debug>(operation: impl Future<Output = Ended<T>>) {
    let began = Instant::now();
    let ended = operation.await;
    assert!(!acknowledged(&ended), "{ended:?}");
    assert_eq!(began.elapsed().as_secs(), LIMIT.as_secs());
}

#[test]
fn an_operation_ends_within_three_minutes_whatever_the_timeouts_of_its_calls() {
    scenario(async |world: World| {
        let writer = world.process("writer").await;
        let saved = writer.save("user_name=u access_token=1").await.unwrap();
        let record = id(&saved);
        let a = world
            .process_with("a", 0, |settings| {
                let settings = settings.attempt_timeout(TIMEOUT);
                settings.operation_timeout(TIMEOUT).cache_capacity(None)
            })
            .await;
        let version = a.store.read(record).await.unwrap();
        let version = version.expect("the record is there");
        for _ in 0..20 {
            world.order("a", Wanted::Any, Fault::HangBefore);
        }
        ends_within_the_limit(a.find("user_name=u")).await;
        ends_within_the_limit(a.find_by_id(record)).await;
        ends_within_the_limit(a.save("user_name=u access_token=2")).await;
        ends_within_the_limit(a.delete(record)).await;
        ends_within_the_limit(a.undelete(record)).await;
        let described = a.store.describe(record);
        ends_within_the_limit(a.run("describe", described, |_| "some".to_owned())).await;
        let read = a.store.read(record);
        ends_within_the_limit(a.run("read", read, |_| "some".to_owned())).await;
        let refreshed = token(&format!("id={record} user_name=u access_token=2"));
        let swapped = a.store.swap(&version, &refreshed, None);
        ends_within_the_limit(a.run("swap", swapped, |_| "some".to_owned())).await;
    });
}
