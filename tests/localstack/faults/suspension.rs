//! A process that is suspended between two calls, as on Lambda, and resumed much later.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::child::{Worker, given, ready_and_wait};
use crate::support::relay::Relay;
use crate::support::store::TestStore;
use crate::support::token::token;
use crate::support::wait::until;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs in a separate process: caches Ada's token, is suspended, and looks her up again.
#[tokio::test]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_is_suspended() {
    let cache_ttl = given("TEST_CACHE_TTL").parse().expect("seconds");
    let settings = |builder: zoho_token_store::SecretsManagerTokenStoreBuilder| {
        builder
            .cache_time_to_live(Duration::from_secs(cache_ttl))
            .attempt_timeout(ATTEMPT_TIMEOUT)
    };
    let test = TestStore::at(&given("TEST_PREFIX"), &given("TEST_ENDPOINT"), settings).await;
    let ada = token("user_name=ada");
    assert!(test.find(&ada).await.is_some());
    let cached = test.calls.total();
    assert!(test.find(&ada).await.is_some());
    assert_eq!(test.calls.total(), cached, "Ada should be cached");
    test.calls.take();

    ready_and_wait();
    let began = Instant::now();
    let found = test.find(&ada).await;
    println!("attempts: {}", test.calls.total());
    println!("took: {}", began.elapsed().as_millis());
    let access_token = found
        .as_ref()
        .and_then(|ada| ada.expose(zoho_token_store::Field::AccessToken));
    println!("found: {}", access_token.unwrap_or_default());
}

/// Suspends a process with a cached token until the token has expired or its time in the cache is
/// over, and returns what the process prints.
async fn finds_after(lifetime: Duration, cache_ttl: Duration) -> String {
    let relay = Relay::new().await;
    let test = TestStore::new().await;
    let saved = SystemTime::now();
    let expiry = (saved + lifetime)
        .duration_since(UNIX_EPOCH)
        .expect("the time should be after 1970");
    let login = format!(
        "user_name=ada access_token=a-1 expiry_time={}",
        expiry.as_millis()
    );
    test.save(&token(&login)).await;

    let cache_ttl_seconds = cache_ttl.as_secs().to_string();
    let variables = [
        ("TEST_PREFIX", test.prefix.as_str()),
        ("TEST_ENDPOINT", relay.endpoint()),
        ("TEST_CACHE_TTL", &cache_ttl_seconds),
    ];
    let mut worker = Worker::start("faults::suspension::worker_that_is_suspended", &variables);
    worker.wait_until_ready();
    worker.suspend();
    let suspended = SystemTime::now();
    test.save(&token(
        "user_name=ada access_token=a-2 expiry_time=4102444800000",
    ))
    .await;
    relay.silence_connections();
    let ends = (saved + lifetime).min(suspended + cache_ttl);
    until("the token has expired or left the cache", async || {
        SystemTime::now() > ends
    })
    .await;
    worker.resume();
    worker.go();
    tokio::task::spawn_blocking(|| worker.finish())
        .await
        .expect("the worker has ended")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_process_serves_no_stale_token_and_notices_dead_connections() {
    let (long, short) = (Duration::from_secs(3600), Duration::from_secs(4));
    for (lifetime, cache_ttl) in [(short, long), (long, short)] {
        let printed = finds_after(lifetime, cache_ttl).await;
        assert!(printed.contains("found: a-2"), "{printed}");
        // One attempt on the dead connection, one on a new one.
        assert!(printed.contains("attempts: 2"), "{printed}");
        let took = printed.lines().find_map(|line| line.strip_prefix("took: "));
        let took = took
            .and_then(|took| took.parse().ok())
            .map(Duration::from_millis);
        assert!(
            took.is_some_and(|took| took < 2 * ATTEMPT_TIMEOUT),
            "{printed}"
        );
    }
}
