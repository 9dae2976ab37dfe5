//! Allocations of a cache hit: none, apart from moka's occasional upkeep. Measured with the
//! allocator of `allocation-counter`, which counts per thread.

use futures::FutureExt;
use zoho_token_store::{Error, OAuthToken, TokenStore};

use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// Returns the number of allocations of each of `HITS` lookups, in ascending order. None of them
/// may wait.
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

/// Returns whether each lookup makes `expected` allocations, apart from the few that do moka's
/// upkeep.
fn each_makes(counts: &[u64], expected: u64) -> bool {
    let most = &counts[..HITS - UPKEEP];
    most.iter().all(|count| *count == expected)
}

const HITS: usize = 1_000;

/// One hit in 32 is reported to moka, which does its upkeep at one in a hundred of those.
const UPKEEP: usize = 3;

#[tokio::test]
async fn a_hit_allocates_nothing() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let by_refresh_token = token("refresh_token=r-ada client_id=c client_secret=s");
    let partials = [
        token("user_name=ada"),
        token("user_name=ada client_id=c"),
        token("access_token=a-ada"),
        by_refresh_token,
        token(&format!("id={}", id(&ada))),
    ];
    for partial in &partials {
        assert!(test.find(partial).await.is_some());
        let counts = allocations(|| test.store.find_token(partial));
        assert!(each_makes(&counts, 0), "{partial:?}");
    }
    let counts = allocations(|| test.store.find_token_by_id(id(&ada)));
    assert!(each_makes(&counts, 0), "by id");
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

#[tokio::test]
async fn a_hit_through_the_trait_allocates_only_its_future() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let store: &dyn TokenStore = &test.store;
    let ada = token("user_name=ada");
    assert!(test.find(&ada).await.is_some());
    assert!(each_makes(&allocations(|| store.find_token(&ada)), 1));
}
