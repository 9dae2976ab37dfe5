//! Bulk saves and deletions under AWS's quotas: a store alone is never throttled, and a store that
//! shares the quota still finishes.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use zoho_token_store::SecretsManagerTokenStoreBuilder as Builder;

use crate::support::environment::number;
use crate::support::fake_aws::{FakeAws, Quotas, Rules};
use crate::support::store::TestStore;
use crate::support::token::token;

/// Less than AWS's 50 per second, so that LocalStack keeps up. `QUOTA_WRITES` and `QUOTA_TOKENS`
/// change the numbers for a measurement: `QUOTA_WRITES=50 QUOTA_TOKENS=1000 cargo test
/// resources::quotas::`.
const WRITES_A_SECOND: u32 = 20;
const TOKENS: usize = 30;

fn writes_a_second() -> u32 {
    number("QUOTA_WRITES").map_or(WRITES_A_SECOND, |writes| writes as u32)
}

fn tokens() -> usize {
    number("QUOTA_TOKENS").map_or(TOKENS, |tokens| tokens as usize)
}

/// Returns a fake of AWS with this quota for writes.
fn aws(writes_a_second: f64) -> FakeAws {
    FakeAws::new(Rules {
        quotas: Some(Quotas {
            put_update: writes_a_second,
            create: writes_a_second,
            delete: writes_a_second,
            tag: writes_a_second,
            ..Quotas::AWS
        }),
        ..Rules::none(1)
    })
}

/// Saves and deletes many tokens, and returns the number of throttled calls and the time taken.
async fn save_and_delete_all(quota: f64, pace: u32) -> (usize, Duration) {
    let aws = aws(quota);
    let settings = |builder: Builder| builder.writes_per_second(pace);
    let test = TestStore::with_endpoint(aws.endpoint(), settings).await;
    let work = async {
        let saves = stream::iter(0..tokens()).map(async |number| {
            let token = token(&format!("id=user-{number} access_token=a-{number}"));
            test.save(&token).await;
        });
        saves.buffer_unordered(16).collect::<()>().await;
        test.delete_all().await;
    };
    // The fake's clock follows the real one.
    let began = Instant::now();
    let clock = async {
        let mut last = began;
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = Instant::now();
            aws.advance(now - last);
            last = now;
        }
    };
    tokio::select! {
        () = work => {}
        () = clock => {}
    }
    assert!(test.another().await.all().await.is_empty());
    let throttled = aws.refused().get("ThrottlingException").copied();
    let (throttled, took) = (throttled.unwrap_or(0), began.elapsed());
    println!(
        "{} tokens, {pace} writes a second, quota {quota}: {throttled} throttled, {took:?}",
        tokens()
    );
    (throttled, took)
}

#[tokio::test]
async fn a_store_that_keeps_to_the_quota_is_never_throttled() {
    let writes = writes_a_second();
    let (throttled, took) = save_and_delete_all(writes.into(), writes).await;
    assert_eq!(throttled, 0);
    // Creations, then tombstones and deletions in parallel, with a burst at the start of each.
    let least = Duration::from_secs_f64(2.0 * (tokens() as f64 / f64::from(writes) - 0.2));
    assert!(took >= least, "{took:?} is faster than the quota allows");
}

#[tokio::test]
async fn a_store_that_gets_only_a_part_of_the_quota_finishes() {
    let writes = writes_a_second();
    let (throttled, _) = save_and_delete_all(f64::from(writes) / 4.0, writes).await;
    assert!(throttled > 0, "the quota should throttle some calls");
}
