//! Crashes, lost responses, and saves of others in between.

use std::time::Duration;

use super::fake_zoho::Next;
use super::world::{SwapFault, World, partial, value};
use crate::oauth::TokenProvider;
use crate::testing::token;
use crate::{ErrorKind, ExposeSecret, OAuthToken, TokenStore};

/// Waits until this many token requests have arrived at Zoho.
async fn requests(world: &World, number: usize) {
    while world.zoho.requests() < number {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn shown(record: &OAuthToken) -> (String, String) {
    let text = |value: Option<&crate::SecretString>| value.unwrap().expose_secret().to_owned();
    (text(record.access_token()), text(record.refresh_token()))
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_a_dead_process_is_taken_over_after_its_time() {
    let world = World::with_token(0).await;
    world.put_lease("held").await;
    let started = tokio::time::Instant::now();
    let access = world.process().access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
    let waited = started.elapsed().as_secs();
    assert!((15..=20).contains(&waited), "{waited}");
    assert_eq!(world.events.of("leases_taken_over"), 1);
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_lease_for_another_token_is_void() {
    let world = World::with_token(0).await;
    world.put_lease("held").await;
    let started = tokio::time::Instant::now();
    world.save("refresh_token=r2", 0).await;
    assert_eq!(
        world.lease().await,
        None,
        "a save that changes what is refreshed drops it"
    );
    world.process().access_token(&partial()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_save_of_something_else_keeps_the_lease() {
    let world = World::with_token(0).await;
    world.put_lease("held").await;
    let other = token("id=1 redirect_url=x");
    world.store.save_token(&other).await.unwrap();
    assert!(world.lease().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn callers_do_not_wait_for_longer_than_30_seconds() {
    let world = World::with_token(0).await;
    let version = crate::RefreshCoordination::read(&world.store.inner, "1")
        .await
        .unwrap()
        .unwrap();
    let base = crate::oauth::lease::base_of(version.token());
    let lease = format!("{base}:3:other:held");
    let swap = crate::RefreshCoordination::swap(
        &world.store.inner,
        &version,
        version.token(),
        Some(&lease),
    );
    swap.await.unwrap();
    let started = tokio::time::Instant::now();
    let error = world.process().access_token(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefreshPending);
    assert!(error.is_retryable());
    assert_eq!(started.elapsed().as_secs(), 30);
    assert_eq!(world.zoho.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_saved_is_saved_at_the_next_call() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world
        .store
        .next(&[SwapFault::None, SwapFault::Fails, SwapFault::Fails]);
    for _ in 0..2 {
        let access = provider.access_token(&partial()).await.unwrap();
        assert_eq!((value(&access), access.is_saved()), ("new-1", false));
        assert_eq!(shown(&world.stored().await).0, "old");
        // At once, the store is not asked.
        let swaps = world.store.take_counts();
        let access = provider.access_token(&partial()).await.unwrap();
        assert_eq!((value(&access), access.is_saved()), ("new-1", false));
        assert_eq!(world.store.take_counts(), (0, 0), "after {swaps:?}");
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    let access = provider.access_token(&partial()).await.unwrap();
    assert_eq!((value(&access), access.is_saved()), ("new-1", true));
    assert_eq!(shown(&world.stored().await).0, "new-1");
    assert_eq!(world.lease().await, None);
    assert_eq!(world.zoho.requests(), 1);
}

/// A world in which one process has a token, `new-1`, that it could not save.
async fn with_unsaved(expires_in: u64) -> (World, TokenProvider) {
    let world = World::with_token(expires_in).await;
    let provider = world.process();
    world.store.next(&[SwapFault::None, SwapFault::Fails]);
    let access = provider.access_token(&partial()).await.unwrap();
    assert_eq!((value(&access), access.is_saved()), ("new-1", false));
    (world, provider)
}

#[tokio::test(start_paused = true)]
async fn an_unsaved_token_is_no_login() {
    let grant = token("user_name=u client_id=c client_secret=s grant_token=g");
    let (world, provider) = with_unsaved(0).await;
    let record = provider.exchange_grant(&grant).await.unwrap();
    assert_eq!(shown(&record), ("new-2".into(), "r-new".into()));
    assert!(world.zoho.seen()[1].1.contains("code=g"));

    // The store is still away.
    let (world, provider) = with_unsaved(0).await;
    world.store.next(&[SwapFault::Fails]);
    let error = provider.exchange_grant(&grant).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(world.zoho.requests(), 1);
    let record = provider.exchange_grant(&grant).await.unwrap();
    assert_eq!(shown(&record).1, "r-new");
}

#[tokio::test(start_paused = true)]
async fn an_unsaved_login_is_saved_and_not_sent_again() {
    let grant = token("user_name=u client_id=c client_secret=s grant_token=g");
    for insists in [false, true] {
        let world = World::with_token(0).await;
        let provider = world.process();
        world
            .store
            .next(&[SwapFault::None, SwapFault::None, SwapFault::Fails]);
        let error = provider.exchange_grant(&grant).await.unwrap_err();
        assert!(error.unsaved_token().is_some());
        let record = match insists {
            false => provider.exchange_grant(&grant).await,
            true => provider.exchange_grant_again(&grant).await,
        };
        assert_eq!(shown(&record.unwrap()).1, "r-new");
        assert_eq!(world.zoho.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_without_a_refresh_token_that_cannot_be_saved_is_an_error() {
    let world = World::new();
    let grant = token("user_name=u client_id=c client_secret=s grant_token=g");
    world.zoho.next([Next::With("")]);
    world
        .store
        .next(&[SwapFault::None, SwapFault::None, SwapFault::Fails]);
    let error = world.process().exchange_grant(&grant).await.unwrap_err();
    let unsaved = error.unsaved_token().unwrap();
    assert_eq!(unsaved.access_token().unwrap().expose_secret(), "new-1");
}

#[tokio::test(start_paused = true)]
async fn an_unsaved_token_is_not_returned_when_it_is_no_longer_valid() {
    let (world, provider) = with_unsaved(0).await;
    tokio::time::advance(Duration::from_secs(7_200)).await;
    let access = provider.access_token(&partial()).await.unwrap();
    assert_eq!((value(&access), access.is_saved()), ("new-2", true));
    assert_eq!(world.zoho.requests(), 2);

    let (_world, provider) = with_unsaved(0).await;
    let access = provider.access_token(&partial()).await.unwrap();
    assert!(provider.refused(&access));
    let access = provider.access_token(&partial()).await.unwrap();
    assert_eq!((value(&access), access.is_saved()), ("new-2", true));
}

#[tokio::test(start_paused = true)]
async fn an_unsaved_token_is_replaced_by_a_refresh_that_is_forced() {
    let (world, provider) = with_unsaved(0).await;
    let access = provider.refresh(&partial()).await.unwrap();
    assert_eq!((value(&access), access.is_saved()), ("new-2", true));
    assert_eq!(shown(&world.stored().await).0, "new-2");
}

#[tokio::test(start_paused = true)]
async fn an_unsaved_token_is_returned_only_if_the_store_cannot_be_asked() {
    for (kind, is_returned) in [
        (ErrorKind::Unavailable, true),
        (ErrorKind::Throttled, true),
        (ErrorKind::AccessDenied, false),
        (ErrorKind::Decode, false),
    ] {
        let (world, provider) = with_unsaved(0).await;
        world.store.fail_lookups(kind);
        match provider.access_token(&partial()).await {
            Ok(access) => assert!(is_returned && value(&access) == "new-1", "{kind}"),
            Err(error) => assert!(!is_returned && error.kind() == kind, "{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_response_was_lost_is_no_second_save() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world
        .store
        .next(&[SwapFault::None, SwapFault::LosesResponse]);
    let access = provider.access_token(&partial()).await.unwrap();
    assert!(!access.is_saved());
    world.store.take_counts();
    tokio::time::advance(Duration::from_secs(5)).await;
    let access = provider.access_token(&partial()).await.unwrap();
    assert_eq!((value(&access), access.is_saved()), ("new-1", true));
    assert_eq!(world.store.take_counts(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_refresh_token_that_cannot_be_saved_is_in_the_error_and_saved_later() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world
        .zoho
        .next([Next::With(r#","refresh_token":"rotated""#)]);
    world.store.next(&[SwapFault::None, SwapFault::Fails]);
    let error = provider.access_token(&partial()).await.unwrap_err();
    let unsaved = error.unsaved_token().unwrap();
    assert_eq!(shown(unsaved), ("new-1".into(), "rotated".into()));
    assert!(!format!("{error}{error:?}").contains("rotated"));
    let access = provider.access_token(&partial()).await.unwrap();
    assert!(access.is_saved());
    assert_eq!(
        shown(&world.stored().await),
        ("new-1".into(), "rotated".into())
    );
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_response_was_lost_is_used() {
    let world = World::with_token(0).await;
    world.store.next(&[SwapFault::LosesResponse]);
    let started = tokio::time::Instant::now();
    let access = world.process().access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "nobody is waited for"
    );
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_took_too_long_is_not_used() {
    let world = World::with_token(0).await;
    world.store.next(&[SwapFault::Takes(4)]);
    let access = world.process().access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert_eq!(
        world.events.of("leases_won"),
        2,
        "another one was put before Zoho was asked"
    );
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_newer_token_is_not_overwritten() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world.zoho.hold();
    let refreshing = tokio::spawn(async move { provider.access_token(&partial()).await });
    requests(&world, 1).await;
    world
        .save("access_token=newer refresh_token=r3", 3_000)
        .await;
    world.zoho.release();
    assert_eq!(value(&refreshing.await.unwrap().unwrap()), "newer");
    assert_eq!(shown(&world.stored().await), ("newer".into(), "r3".into()));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_refresh_token_is_saved_beside_a_newer_access_token() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world
        .zoho
        .next([Next::With(r#","refresh_token":"rotated""#)]);
    world.zoho.hold();
    let refreshing = tokio::spawn(async move { provider.access_token(&partial()).await });
    requests(&world, 1).await;
    world.save("access_token=newer", 3_000).await;
    world.zoho.release();
    assert_eq!(value(&refreshing.await.unwrap().unwrap()), "newer");
    assert_eq!(
        shown(&world.stored().await),
        ("newer".into(), "rotated".into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_beside_a_newer_access_token_is_saved_with_its_client() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world.zoho.hold();
    let grant = token("user_name=u client_id=c client_secret=s2 grant_token=g");
    let exchanging = tokio::spawn(async move { provider.exchange_grant(&grant).await });
    requests(&world, 1).await;
    world.save("access_token=newer", 3_000).await;
    world.zoho.release();
    exchanging.await.unwrap().unwrap();
    let stored = world.stored().await;
    assert_eq!(shown(&stored), ("newer".into(), "r-new".into()));
    assert_eq!(stored.client_secret().unwrap().expose_secret(), "s2");
    assert_eq!(stored.grant_token().unwrap().expose_secret(), "g");
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_something_else_meanwhile_is_kept() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world.zoho.hold();
    let refreshing = tokio::spawn(async move { provider.access_token(&partial()).await });
    requests(&world, 1).await;
    world
        .store
        .save_token(&token("id=1 redirect_url=x"))
        .await
        .unwrap();
    world.zoho.release();
    assert_eq!(value(&refreshing.await.unwrap().unwrap()), "new-1");
    let stored = world.stored().await;
    assert_eq!(stored.redirect_url(), Some("x"));
    assert_eq!(
        (shown(&stored).0.as_str(), world.lease().await),
        ("new-1", None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_record_is_not_revived() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world.zoho.hold();
    let refreshing = tokio::spawn(async move { provider.access_token(&partial()).await });
    requests(&world, 1).await;
    world.store.delete_token("1").await.unwrap();
    world.zoho.release();
    let error = refreshing.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsLogin);
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_of_zoho_is_asked_for_once_more() {
    let world = World::with_token(0).await;
    world.zoho.next([Next::Lost]);
    let access = world.process().access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert_eq!(world.zoho.requests(), 2);
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_takes_too_long_is_not_waited_for() {
    let world = World::with_token(0).await;
    let hour = Duration::from_secs(3_600);
    world.zoho.next([Next::After(hour), Next::After(hour)]);
    let started = tokio::time::Instant::now();
    let error = world.process().access_token(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let waited = started.elapsed().as_secs();
    assert!((14..=15).contains(&waited), "{waited}");
    assert_eq!(world.zoho.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_usable_token_is_returned_while_the_store_is_away() {
    let world = World::with_token(200).await;
    world.store.next(&[SwapFault::Takes(3_600)]);
    let started = tokio::time::Instant::now();
    let access = world.process().access_token(&partial()).await.unwrap();
    assert_eq!((value(&access), started.elapsed().as_secs()), ("old", 10));
    assert_eq!(world.zoho.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_usable_token_is_returned_by_a_process_that_cannot_refresh_it() {
    // A role that may not write.
    let world = World::with_token(200).await;
    world.store.next(&[SwapFault::Denied; 10]);
    for _ in 0..3 {
        let access = world.process().access_token(&partial()).await.unwrap();
        assert_eq!(value(&access), "old");
    }
    let error = world.process().refresh(&partial()).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::AccessDenied,
        "who wants another one is told"
    );

    // A record without a client secret, and one that names a server of nobody.
    let world = World::with_token(200).await;
    let expiry = world.stored().await.expiry_time().unwrap();
    let columns = format!("user_name=v refresh_token=r2 access_token=valid expiry_time={expiry}");
    let unknown = token(&format!("id=2 {columns} client_id=c"));
    let strange = token(&format!("id=3 {columns} client_id=c client_secret=s"))
        .to_builder()
        .accounts_url("https://accounts.evil.example")
        .build()
        .unwrap();
    for record in [unknown, strange] {
        world.store.save_token(&record).await.unwrap();
        let process = world.process();
        let access = process.access_token(&token("user_name=v")).await.unwrap();
        assert_eq!(value(&access), "valid");
        world
            .store
            .delete_token(record.id().unwrap())
            .await
            .unwrap();
    }
    assert_eq!(world.zoho.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_does_not_get_the_error_of_a_login_that_is_under_way() {
    let world = World::with_token(0).await;
    let process = world.process();
    world.zoho.hold();
    world
        .zoho
        .next([Next::Body(200, r#"{"error":"invalid_code"}"#)]);
    let login = {
        let process = process.clone();
        let grant = token("user_name=u client_id=c client_secret=s grant_token=g");
        tokio::spawn(async move { process.exchange_grant(&grant).await })
    };
    requests(&world, 1).await;
    let caller = tokio::spawn(async move { process.access_token(&partial()).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.zoho.release();
    world.zoho.release();
    assert_eq!(
        login.await.unwrap().unwrap_err().kind(),
        ErrorKind::NeedsLogin
    );
    assert_eq!(value(&caller.await.unwrap().unwrap()), "new-1");
}

#[tokio::test(start_paused = true)]
async fn who_forces_a_refresh_waits_for_another_process_that_does_it() {
    let world = World::with_token(3_600).await;
    let (first, second) = (world.process(), world.process());
    world.zoho.hold();
    let first = tokio::spawn(async move { first.refresh(&partial()).await });
    requests(&world, 1).await;
    let second = tokio::spawn(async move { second.refresh(&partial()).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.zoho.release();
    for access in [first, second] {
        assert_eq!(value(&access.await.unwrap().unwrap()), "new-1");
    }
    assert_eq!(world.zoho.requests(), 1);
}
