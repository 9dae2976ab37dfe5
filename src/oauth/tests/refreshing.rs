//! When a token is refreshed, who waits, and how often Zoho is asked.

use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;

use super::world::{Plain, World, partial, value};
use crate::oauth::TokenState;
use crate::testing::token;
use crate::{Error, ErrorKind, ExposeSecret, TokenStore};

#[tokio::test(start_paused = true)]
async fn a_valid_token_makes_no_call() {
    let world = World::with_token(3_600).await;
    let provider = world.process();
    let access = provider.access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "old");
    assert!(access.is_saved());
    assert_eq!(world.zoho.requests(), 0);
    assert_eq!(world.store.take_counts(), (0, 0));
    assert_eq!(world.events.of("hits"), 1);
}

#[tokio::test(start_paused = true)]
async fn many_tasks_of_many_processes_that_meet_one_expiry_ask_zoho_once() {
    let world = World::with_token(0).await;
    let processes: Vec<_> = (0..12).map(|_| world.process()).collect();
    let partial = partial();
    let callers = processes
        .iter()
        .flat_map(|process| (0..8).map(|_| process.access_token(&partial)));
    let tokens = join_all(callers).await;
    for access in tokens {
        let access = access.unwrap();
        assert_eq!(value(&access), "new-1");
        assert!(access.is_saved());
    }
    assert_eq!(world.zoho.requests(), 1);
    assert_eq!(world.events.of("leases_won"), 1);
    assert_eq!(world.lease().await, None, "a record at rest has no lease");
    let stored = world.stored().await;
    assert_eq!(stored.accounts_url(), Some("https://accounts.zoho.eu"));
    assert_eq!(stored.refresh_token().unwrap().expose_secret(), "r");
    let (url, form) = world.zoho.seen().remove(0);
    assert_eq!(url, "https://accounts.zoho.eu/oauth/v2/token");
    assert_eq!(
        form,
        "grant_type=refresh_token&refresh_token=r&client_id=c&client_secret=s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_reads_once_and_puts_twice() {
    let world = World::with_token(200).await;
    world.process().access_token(&partial()).await.unwrap();
    assert_eq!(world.store.take_counts(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_window_opens_between_ten_and_five_minutes_before_the_expiry() {
    for (expires_in, requests) in [(601, 0), (299, 1)] {
        let world = World::with_token(expires_in).await;
        world.process().access_token(&partial()).await.unwrap();
        assert_eq!(world.zoho.requests(), requests, "{expires_in}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_window_nobody_waits_but_who_refreshes() {
    let world = World::with_token(250).await;
    let (winner, other) = (world.process(), world.process());
    world.zoho.hold();
    let refreshing = {
        let winner = winner.clone();
        tokio::spawn(async move { winner.access_token(&partial()).await })
    };
    while world.zoho.requests() == 0 {
        tokio::task::yield_now().await;
    }
    for process in [&winner, &other, &other] {
        let access = process.access_token(&partial()).now_or_never();
        let access = match access {
            Some(access) => access,
            // The other process reads the record once, to learn of the lease.
            None => process.access_token(&partial()).await,
        };
        assert_eq!(value(&access.unwrap()), "old");
    }
    world.zoho.release();
    assert_eq!(value(&refreshing.await.unwrap().unwrap()), "new-1");
    assert_eq!(world.zoho.requests(), 1);
    assert_eq!(
        value(&other.access_token(&partial()).await.unwrap()),
        "new-1"
    );
}

#[tokio::test(start_paused = true)]
async fn in_the_last_minute_callers_wait() {
    let world = World::with_token(59).await;
    let (winner, other) = (world.process(), world.process());
    world.zoho.hold();
    let first = tokio::spawn(async move { winner.access_token(&partial()).await });
    while world.zoho.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let second = tokio::spawn(async move { other.access_token(&partial()).await });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!second.is_finished());
    world.zoho.release();
    for access in [first, second] {
        assert_eq!(value(&access.await.unwrap().unwrap()), "new-1");
    }
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_expiry_counts_from_before_the_request_was_sent() {
    let world = World::with_token(0).await;
    world
        .zoho
        .next([super::fake_zoho::Next::After(Duration::from_secs(5))]);
    let access = world.process().access_token(&partial()).await.unwrap();
    let left = world.left(&access);
    assert!((3_594..=3_595).contains(&left), "{left}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_dropped_loses_nothing() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world.zoho.hold();
    let partial = partial();
    {
        let mut caller = Box::pin(provider.access_token(&partial));
        while world.zoho.requests() == 0 {
            assert!((&mut caller).now_or_never().is_none());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    world.zoho.release();
    while world.lease().await.is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        world.stored().await.access_token().unwrap().expose_secret(),
        "new-1"
    );
    assert_eq!(
        value(&provider.access_token(&partial).await.unwrap()),
        "new-1"
    );
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_coordination_a_process_refreshes_once() {
    let world = World::with_token(0).await;
    let provider = world.process_on(Plain(world.store.clone()));
    let partial = partial();
    let tokens = join_all((0..20).map(|_| provider.access_token(&partial))).await;
    for access in tokens {
        assert_eq!(value(&access.unwrap()), "new-1");
    }
    assert_eq!(world.zoho.requests(), 1);
    assert_eq!(
        world.stored().await.access_token().unwrap().expose_secret(),
        "new-1"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_for_all_processes() {
    let world = World::with_token(3_600).await;
    let processes: Vec<_> = (0..5).map(|_| world.process()).collect();
    let partial = partial();
    let called = join_all(processes.iter().map(|process| {
        process.call(&partial, async |token| {
            let status = if value(&token) == "old" { 401_u16 } else { 200 };
            Ok::<_, Error>((status, value(&token).to_owned()))
        })
    }));
    for called in called.await {
        assert_eq!(called.unwrap(), (200, "new-1".to_owned()));
    }
    assert_eq!(world.zoho.requests(), 1);
    let process = &processes[0];
    let access = process.access_token(&partial).await.unwrap();
    assert!(
        !process.refused(&access),
        "it is new: another one would be refused as well"
    );
    assert_eq!(
        value(&process.access_token(&partial).await.unwrap()),
        "new-1"
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(process.refused(&access));
    assert_eq!(
        value(&process.access_token(&partial).await.unwrap()),
        "new-2"
    );
    assert_eq!(world.zoho.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_day_of_calls_that_no_token_can_make_adds_few_refreshes_in_any_number_of_processes() {
    for number in [1, 4] {
        let world = World::with_token(3_600).await;
        let processes: Vec<_> = (0..number).map(|_| world.process()).collect();
        let partial = partial();
        for second in (0..86_400_u64).step_by(20) {
            let slow = usize::try_from(second / 20).unwrap() % 7;
            for process in processes.iter().skip(usize::from(slow > 0)) {
                let called = process
                    .call(&partial, async |_| Ok::<_, Error>((401_u16, ())))
                    .await;
                assert_eq!(called.unwrap().0, 401);
            }
            tokio::time::advance(Duration::from_secs(20)).await;
        }
        let (_, versions) = world.store.take_counts();
        // Of these, the hourly refreshes make 56.
        assert!((56..80).contains(&versions), "{number}: {versions}");
        assert_eq!(versions, 2 * world.zoho.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_process_that_zoho_ends_early_is_replaced() {
    let world = World::with_token(3_600).await;
    let process = world.process();
    let access = process.access_token(&partial()).await.unwrap();
    assert!(process.refused(&access));
    process.access_token(&partial()).await.unwrap();
    tokio::time::advance(Duration::from_secs(55 * 60)).await;
    world.process().access_token(&partial()).await.unwrap();
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    let partial = partial();
    let called = process.call(&partial, async |token| {
        let status = if value(&token) == "new-2" {
            401_u16
        } else {
            200
        };
        Ok::<_, Error>((status, value(&token).to_owned()))
    });
    assert_eq!(called.await.unwrap(), (200, "new-3".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_slows_no_other_user_down() {
    let world = World::with_token(3_600).await;
    let other = world.save("id=2 user_name=v access_token=a2", 3_600).await;
    let process = world.process();
    let access = process.access_token(&partial()).await.unwrap();
    assert!(process.refused(&access));
    assert!(!process.core.is_good(access.record()));
    assert!(process.core.is_good(&other));
}

#[tokio::test(start_paused = true)]
async fn a_call_can_run_in_a_task() {
    let world = World::with_token(3_600).await;
    let provider = world.process();
    let call = async move {
        let partial = partial();
        let call = provider.call(&partial, async |token| {
            Ok::<_, Error>((200_u16, value(&token).to_owned()))
        });
        call.await
    };
    assert_eq!(tokio::spawn(call).await.unwrap().unwrap().1, "old");
}

#[tokio::test(start_paused = true)]
async fn each_record_is_refreshed_at_its_own_accounts_server() {
    let world = World::with_token(0).await;
    world.save_at("https://accounts.zoho.in", "id=1").await;
    world.process().access_token(&partial()).await.unwrap();
    assert_eq!(
        world.zoho.seen()[0].0,
        "https://accounts.zoho.in/oauth/v2/token"
    );

    let world = World::with_token(0).await;
    world.save_at("https://accounts.evil.example", "id=1").await;
    let error = world.process().access_token(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        world.zoho.seen().len(),
        0,
        "the client secret goes to nobody else"
    );
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_refreshes_what_expires_soon() {
    let world = World::with_token(3_600).await;
    world
        .save("id=2 user_name=v refresh_token=r2 access_token=a2", 900)
        .await;
    world
        .save("id=3 user_name=w refresh_token=r3 access_token=a3", 0)
        .await;
    let provider = world.process();
    let sweep = provider
        .refresh_expiring(Duration::from_secs(1_200))
        .await
        .unwrap();
    assert_eq!((sweep.records, sweep.expiring, sweep.refreshed), (3, 2, 2));
    assert!(sweep.failed.is_empty() && sweep.unreadable.is_none());
    assert_eq!(world.zoho.requests(), 2);
    let again = provider
        .refresh_expiring(Duration::from_secs(1_200))
        .await
        .unwrap();
    assert_eq!((again.expiring, again.refreshed), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_can_be_forced() {
    let world = World::with_token(3_600).await;
    let access = world.process().refresh(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_forced_refresh_replaces_the_stored_token_and_not_a_cached_one() {
    let world = World::with_token(3_600).await;
    let cached = world.stored().await;
    let process = world.process_on(world.store.caching(cached));
    world.save("access_token=newer", 3_000).await;
    let access = process.refresh(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_how_a_token_stands() {
    for (expires_in, state) in [
        (3_600, TokenState::Valid),
        (200, TokenState::Expiring),
        (0, TokenState::Expired),
    ] {
        let world = World::with_token(expires_in).await;
        let status = world.process().status(&partial()).await.unwrap().unwrap();
        assert_eq!(status.state, state);
        assert!(status.can_refresh && !status.is_unsaved);
    }
    let world = World::with_token(0).await;
    world.put_lease("held").await;
    let status = world.process().status(&partial()).await.unwrap().unwrap();
    assert_eq!(status.state, TokenState::Refreshing);
    assert_eq!(
        world.process().status(&token("user_name=x")).await.unwrap(),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_revoked_is_deleted() {
    let world = World::with_token(3_600).await;
    let provider = world.process();
    world.zoho.next([super::fake_zoho::Next::Body(503, "")]);
    let error = provider.revoke(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 1);
    assert!(provider.revoke(&partial()).await.unwrap());
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 0);
    assert!(!provider.revoke(&partial()).await.unwrap());
    let (url, form) = world.zoho.seen().remove(1);
    assert_eq!(
        (url.as_str(), form.as_str()),
        ("https://accounts.zoho.eu/oauth/v2/token/revoke", "token=r")
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_be_of_another_accounts_server_is_not_deleted() {
    let unknown = super::fake_zoho::Next::Body(400, r#"{"error":"invalid_code"}"#);
    let world = World::with_token(3_600).await;
    let provider = world.process();
    world.zoho.next([unknown.clone()]);
    let error = provider.revoke(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("accounts.zoho.eu"), "{error}");
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 1);

    world.save_at("https://accounts.zoho.in", "id=1").await;
    world.zoho.next([unknown]);
    assert!(
        provider.revoke(&partial()).await.unwrap(),
        "it was revoked before"
    );
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_can_be_repeated_by_who_names_the_accounts_server() {
    use super::fake_zoho::Next;
    let unknown = Next::Body(400, r#"{"error":"invalid_code"}"#);
    let world = World::with_token(3_600).await;
    let provider = world.process();
    // The response to the first request was lost.
    world
        .zoho
        .next([Next::Body(504, ""), unknown.clone(), unknown]);
    assert!(provider.revoke(&partial()).await.is_err());
    let error = provider.revoke(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("`accounts_url`"), "{error}");
    let named = partial().to_builder();
    let named = named.accounts_url("https://accounts.zoho.eu").build();
    assert!(provider.revoke(&named.unwrap()).await.unwrap());
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_sandbox_stays_one() {
    // Zoho names `https://www.zohoapis.eu` in each response.
    for (stored, kept) in [
        ("https://sandbox.zohoapis.eu", "https://sandbox.zohoapis.eu"),
        (
            "https://developer.zohoapis.eu",
            "https://developer.zohoapis.eu",
        ),
        ("https://sandbox.zohoapis.com", "https://www.zohoapis.eu"),
        ("https://www.zohoapis.com", "https://www.zohoapis.eu"),
    ] {
        let world = World::with_token(0).await;
        let record = world.stored().await.to_builder();
        let record = record.api_domain(stored).build().unwrap();
        world.store.save_token(&record).await.unwrap();
        let access = world.process().access_token(&partial()).await.unwrap();
        assert_eq!((value(&access), access.api_domain()), ("new-1", kept));
        assert_eq!(world.stored().await.api_domain(), Some(kept));
    }
}
