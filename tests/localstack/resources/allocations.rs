//! What a hit in the cache allocates: the future that the trait returns, and nothing else but for
//! moka's upkeep now and then. With the counting allocator of `allocation-counter`, which counts by
//! thread.

use futures::FutureExt;
use zoho_token_store::{Error, OAuthToken, TokenStore};

use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// Returns how often each of these lookups allocates. None of them waits for anything.
fn allocations<F>(lookup: impl Fn() -> F) -> Vec<u64>
where
    F: Future<Output = Result<Option<OAuthToken>, Error>>,
{
    let hit = || {
        let result = lookup().now_or_never().expect("a hit should not wait");
        assert!(result.expect("a hit should succeed").is_some());
    };
    // The first hit pays for the thread's one-time set-up.
    hit();
    let mut counts: Vec<_> = (0..HITS)
        .map(|_| allocation_counter::measure(hit).count_total)
        .collect();
    counts.sort_unstable();
    counts
}

/// Whether each makes one allocation, but for the few at which moka does its upkeep.
fn each_makes_one(counts: &[u64]) -> bool {
    let most = &counts[..HITS - UPKEEP];
    most.iter().all(|count| *count == 1)
}

const HITS: usize = 1_000;

/// moka looks after its queues at one read in 64, and every 300 milliseconds.
const UPKEEP: usize = 30;

#[tokio::test]
async fn a_hit_allocates_its_future_alone() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let by_refresh_token = token("refresh_token=r-ada client_id=c client_secret=s");
    let store: &dyn TokenStore = &test.store;
    let partials = [
        token("user_name=ada"),
        token("user_name=ada client_id=c"),
        token("access_token=a-ada"),
        by_refresh_token,
        token(&format!("id={}", id(&ada))),
    ];
    for partial in &partials {
        assert!(test.find(partial).await.is_some());
        let counts = allocations(|| store.find_token(partial));
        assert!(each_makes_one(&counts), "{partial:?}");
    }
    let counts = allocations(|| store.find_token_by_id(id(&ada)));
    assert!(each_makes_one(&counts), "by id");
}

#[tokio::test]
async fn a_hit_copies_no_value() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let first = test.find(&token("user_name=ada")).await;
    let second = test.find_by_id(id(&ada)).await;
    let place = |token: &Option<OAuthToken>| {
        let value = token.as_ref().and_then(OAuthToken::user_name);
        value.map(str::as_ptr)
    };
    assert!(place(&first).is_some());
    assert_eq!(place(&first), place(&second));
}
