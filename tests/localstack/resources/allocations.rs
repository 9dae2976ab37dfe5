//! Allocations of a cache hit, and of a valid access token: only the future that the trait's method
//! boxes, apart from moka's occasional upkeep. Measured with the allocator of `allocation-counter`,
//! which counts per thread.

use std::time::Duration;

use futures::FutureExt;
use zoho_token_store::{Error, OAuthToken, TokenProvider, TokenStore};

use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

const HITS: usize = 1_000;

/// The most hits in a thousand that also do moka's upkeep, which allocates once: at about every
/// 128th hit, and if the last upkeep was some time ago.
const UPKEEP: usize = 20;

/// Checks that the lookup allocates its future and nothing else, apart from moka's upkeep. It may
/// not wait.
fn allocates_only_its_future<F>(what: &str, lookup: impl Fn() -> F)
where
    F: Future<Output = Result<Option<OAuthToken>, Error>>,
{
    allocates_once(what, || {
        let result = lookup().now_or_never().expect("a hit should not wait");
        assert!(result.expect("a hit should succeed").is_some());
    });
}

fn allocates_once(what: &str, hit: impl Fn()) {
    // The first hit pays for the thread's one-time set-up.
    hit();
    let mut counts: Vec<_> = (0..HITS)
        .map(|_| allocation_counter::measure(&hit).count_total)
        .collect();
    counts.sort_unstable();
    let upkeep = counts.iter().filter(|count| **count > 1).count();
    println!(
        "{what}: {upkeep} hits with upkeep, the most with {:?} allocations",
        counts.last()
    );
    assert_eq!(counts.first(), Some(&1), "{what}");
    assert!(counts.last() <= Some(&2), "{what}: {counts:?}");
    assert!(upkeep <= UPKEEP, "{what}: {:?}", &counts[HITS - upkeep..]);
}

#[tokio::test]
async fn a_hit_allocates_only_its_future() {
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
        allocates_only_its_future(&format!("{partial:?}"), || test.store.find_token(partial));
    }
    allocates_only_its_future("by id", || test.store.find_token_by_id(id(&ada)));
}

#[tokio::test]
async fn a_hit_through_a_trait_object_allocates_only_its_future() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let store: &dyn TokenStore = &test.store;
    let ada = token("user_name=ada");
    assert!(test.find(&ada).await.is_some());
    allocates_only_its_future("by user", || store.find_token(&ada));
}

#[tokio::test]
async fn a_valid_access_token_allocates_no_more_than_the_hit_of_the_store() {
    let test = TestStore::new().await;
    let ada = login("ada").to_builder();
    let ada = ada.expires_in(Duration::from_secs(3_600)).build().unwrap();
    test.save(&ada).await;
    let provider = TokenProvider::builder(test.store.clone()).build().unwrap();
    let partial = token("user_name=ada");
    provider.access_token(&partial).await.unwrap();
    test.calls.take();
    allocates_once("an access token", || {
        let access = provider.access_token(&partial).now_or_never();
        let access = access.expect("a hit should not wait");
        assert!(access.expect("a hit should succeed").is_saved());
    });
    assert_eq!(test.calls.total(), 0);
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
