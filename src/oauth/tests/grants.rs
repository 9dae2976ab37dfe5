//! Logging in, and exchanging a grant token that several processes know.

use std::time::Duration;

use futures::future::join_all;

use super::fake_zoho::Next;
use super::world::{SwapFault, World, value};
use crate::oauth::{DataCenter, TokenState};
use crate::testing::token;
use crate::{ErrorKind, ExposeSecret, OAuthToken, RefreshCoordination, Swap, TokenStore};

const LOGGED_IN: &str = "ada@example.com:7";

fn grant() -> OAuthToken {
    token("client_id=c client_secret=s grant_token=g redirect_url=https://x/y")
}

#[tokio::test(start_paused = true)]
async fn a_login_is_saved_under_the_users_name() {
    let world = World::new();
    let provider = world.process();
    let saved = provider.login("g", Some("https://x/y")).await.unwrap();
    assert_eq!(saved.user_name(), Some(LOGGED_IN));
    assert_eq!(saved.accounts_url(), Some("https://accounts.zoho.eu"));
    assert_eq!(saved.refresh_token().unwrap().expose_secret(), "r-new");
    let ada = token(&format!("user_name={LOGGED_IN}"));
    assert_eq!(value(&provider.access_token(&ada).await.unwrap()), "new-1");
    assert_eq!(world.zoho.requests(), 1);
    let seen = world.zoho.seen();
    assert!(
        seen[0].1.contains("redirect_uri=https%3A%2F%2Fx%2Fy"),
        "{}",
        seen[0].1
    );
    assert!(
        seen[1]
            .0
            .starts_with("https://www.zohoapis.eu/crm/v8/users")
    );

    let again = provider.login("g2", None).await.unwrap();
    assert_eq!(again.id(), saved.id(), "it is the same user");
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_named_by_a_response_with_an_error() {
    let world = World::new();
    world.zoho.fail_identity(500);
    let saved = world.process().login("g", None).await.unwrap();
    assert_eq!(saved.user_name(), None);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_zoho_does_not_accept_is_no_login() {
    let world = World::new();
    world
        .zoho
        .next([Next::Body(200, r#"{"error":"invalid_code"}"#)]);
    let error = world.process().login("g", None).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::NeedsLogin, Some("login"))
    );
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_code_whose_response_was_lost_is_not_to_be_given_again() {
    for next in [Next::Lost, Next::Body(504, "<html>"), Next::Body(200, "")] {
        let world = World::new();
        world.zoho.next([next.clone()]);
        let error = world.process().login("g", None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantUnsettled, "{next:?}");
        assert!(!error.is_retryable(), "{next:?}");
        assert!(error.to_string().contains("log in again"), "{error}");
        assert!(std::error::Error::source(&error).is_some(), "{next:?}");
    }
    let world = World::new();
    world.zoho.next([Next::NotSent]);
    let error = world.process().login("g", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "it was not used");
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_many_processes_exchange_is_sent_once() {
    let world = World::new();
    let processes: Vec<_> = (0..10).map(|_| world.process()).collect();
    let grant = grant();
    let exchanged = join_all(
        processes
            .iter()
            .map(|process| process.exchange_grant(&grant)),
    );
    for record in exchanged.await {
        let record = record.unwrap();
        assert_eq!(record.user_name(), Some(LOGGED_IN));
        assert_eq!(record.access_token().unwrap().expose_secret(), "new-1");
    }
    assert_eq!(world.zoho.requests(), 1);
    let records = world.store.get_tokens().await.unwrap();
    assert_eq!(records.len(), 1);
    let id = records[0].id().unwrap();
    let version = world.store.inner.read(id).await.unwrap().unwrap();
    assert_eq!(version.lease(), None);
    // After a restart.
    world.process().exchange_grant(&grant).await.unwrap();
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_get_the_record_to_which_one_process_moves_the_tokens() {
    let world = World::new();
    let ada = token(&format!(
        "id=7 user_name={LOGGED_IN} client_id=c refresh_token=r"
    ));
    world.store.save_token(&ada).await.unwrap();
    let processes: Vec<_> = (0..8).map(|_| world.process()).collect();
    world.zoho.next([Next::After(Duration::from_secs(1))]);
    let grant = grant();
    let exchanged = join_all(
        processes
            .iter()
            .map(|process| process.exchange_grant(&grant)),
    );
    for record in exchanged.await {
        let record = record.unwrap();
        assert_eq!(
            (record.id(), record.user_name()),
            (Some("7"), Some(LOGGED_IN))
        );
        assert_eq!(record.refresh_token().unwrap().expose_secret(), "r-new");
    }
    assert_eq!(world.zoho.requests(), 1);
    assert_eq!(world.store.get_tokens().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn naming_a_record_undoes_nothing_that_happens_meanwhile() {
    let own = "id=1 client_id=c client_secret=s grant_token=g refresh_token=r-new";
    let users = &format!("id=7 user_name={LOGGED_IN} client_id=c");
    for what in ["refreshed", "moved", "revoked"] {
        let world = World::new();
        let save = async |columns: String| world.store.save_token(&token(&columns)).await.unwrap();
        save(format!("{own} access_token=a1")).await;
        if what != "refreshed" {
            save(format!("{users} refresh_token=r access_token=a")).await;
        }
        world.zoho.hold();
        let process = world.process();
        let naming = tokio::spawn(async move { process.exchange_grant(&grant()).await });
        while world.zoho.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        match what {
            "refreshed" => drop(save(format!("{own} access_token=a2")).await),
            "moved" => {
                let moved = "grant_token=g refresh_token=r-new access_token=a2";
                save(format!("{users} {moved}")).await;
                world.store.delete_token("1").await.unwrap();
            }
            _ => world.store.delete_tokens().await.unwrap(),
        }
        (0..4).for_each(|_| world.zoho.release());
        let named = naming.await.unwrap();
        let stored = world.store.get_tokens().await.unwrap();
        if what == "revoked" {
            assert_eq!(named.unwrap_err().kind(), ErrorKind::NeedsLogin);
            assert!(stored.is_empty());
            continue;
        }
        assert_eq!(stored, [named.unwrap()], "{what}");
        assert_eq!(stored[0].user_name(), Some(LOGGED_IN), "{what}");
        let access = stored[0].access_token().unwrap();
        assert_eq!(access.expose_secret(), "a2", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_could_not_be_saved_says_to_save_its_tokens() {
    let world = World::new();
    world.store.fail_saves();
    let error = world.process().login("g", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let unsaved = error.unsaved_token().unwrap();
    assert_eq!(unsaved.refresh_token().unwrap().expose_secret(), "r-new");
    let text = error.to_string();
    assert!(
        text.contains("save `unsaved_token`") && !text.contains("again"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_with_only_a_grant_token_has_it_exchanged() {
    let world = World::new();
    let partial = token("user_name=u");
    let saved = token("user_name=u client_id=c client_secret=s grant_token=g");
    world.store.save_token(&saved).await.unwrap();
    let access = world.process().access_token(&partial).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert_eq!(
        access.record().refresh_token().unwrap().expose_secret(),
        "r-new"
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_who_logs_in_again_gets_the_new_tokens_and_the_dead_note_is_gone() {
    let world = World::with_token(0).await;
    let process = world.process();
    world
        .zoho
        .next([Next::Body(200, r#"{"error":"invalid_code"}"#)]);
    let partial = token("user_name=u");
    assert!(process.access_token(&partial).await.is_err());
    let grant = grant().to_builder().user_name("u").build().unwrap();
    let record = process.exchange_grant(&grant).await.unwrap();
    assert_eq!(record.id(), Some("1"));
    assert_eq!(record.refresh_token().unwrap().expose_secret(), "r-new");
    assert_eq!(world.lease().await, None);
    assert_eq!(
        value(&process.access_token(&partial).await.unwrap()),
        "new-1"
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_grant_that_has_only_a_refresh_token_is_refreshed() {
    let world = World::new();
    let columns = "id=1 user_name=u client_id=c client_secret=s grant_token=g refresh_token=r";
    world.store.save_token(&token(columns)).await.unwrap();
    let record = world.process().exchange_grant(&grant_of_u()).await.unwrap();
    assert_eq!(record.access_token().unwrap().expose_secret(), "new-1");
    assert_eq!((grants(&world), world.zoho.requests()), (0, 1));
    let (reads, swaps) = world.store.take_counts();
    assert!(reads < 5 && swaps == 2, "{reads} {swaps}");
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_refused_does_not_stop_a_stored_token_from_being_refreshed() {
    let world = World::with_token(0).await;
    let process = world.process();
    world
        .zoho
        .next([Next::Body(200, r#"{"error":"invalid_code"}"#)]);
    let grant = grant().to_builder().user_name("u").build().unwrap();
    assert!(process.exchange_grant(&grant).await.is_err());
    assert_eq!(world.lease().await, None);
    let access = process.access_token(&token("user_name=u")).await.unwrap();
    assert_eq!(value(&access), "new-1");
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_refused_is_an_error_even_if_the_stored_token_is_valid() {
    let world = World::with_token(3_600).await;
    world
        .zoho
        .next([Next::Body(200, r#"{"error":"invalid_code"}"#)]);
    let grant = grant().to_builder().user_name("u").build().unwrap();
    let error = world.process().exchange_grant(&grant).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsLogin);
}

#[tokio::test(start_paused = true)]
async fn a_grant_whose_lease_lost_its_response_before_it_was_sent_is_sent() {
    let world = World::new();
    world
        .store
        .next(&[SwapFault::None, SwapFault::LosesResponse]);
    let started = tokio::time::Instant::now();
    world.process().exchange_grant(&grant()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_grant_whose_response_was_lost_is_not_sent_again_unless_the_user_says_so() {
    let world = World::new();
    let process = world.process();
    world.zoho.next([Next::Lost]);
    let error = process.exchange_grant(&grant()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
    for process in [&process, &world.process()] {
        let error = process.exchange_grant(&grant()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
        let error = process.access_token(&grant()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
    }
    assert_eq!(world.zoho.requests(), 1);
    let record = process.exchange_grant_again(&grant()).await.unwrap();
    assert_eq!(record.refresh_token().unwrap().expose_secret(), "r-new");
    assert_eq!(world.zoho.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_has_moved_logs_in_at_the_new_data_centre() {
    let world = World::with_token(3_600).await;
    world
        .save_at(
            DataCenter::Us.accounts_url(),
            "id=1 api_domain=https://www.zohoapis.com",
        )
        .await;
    let at_in = DataCenter::In.accounts_url();
    let grant = grant_of_u()
        .to_builder()
        .accounts_url(at_in)
        .build()
        .unwrap();
    let record = world.process().exchange_grant(&grant).await.unwrap();
    assert_eq!(record.accounts_url(), Some(at_in));
    assert!(world.zoho.seen()[0].0.starts_with(at_in));
    // Without a data centre, it is sent to that of the record.
    let other = grant_of_u().to_builder().grant_token("g2").build().unwrap();
    world.process().exchange_grant(&other).await.unwrap();
    assert!(world.zoho.seen()[1].0.starts_with(at_in));
}

/// Whose tokens are expired when they log in again.
fn grant_of_u() -> OAuthToken {
    grant().to_builder().user_name("u").build().unwrap()
}

fn grants(world: &World) -> usize {
    let seen = world.zoho.seen();
    let forms = seen.iter().map(|(_, form)| form);
    forms.filter(|form| form.contains("code=g&")).count()
}

#[tokio::test(start_paused = true)]
async fn a_second_login_whose_response_was_lost_is_not_sent_again_unless_the_user_says_so() {
    let world = World::with_token(0).await;
    let processes = [world.process(), world.process()];
    world.zoho.next([Next::Lost]);
    for _ in 0..2 {
        for process in &processes {
            let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
        }
    }
    assert_eq!((grants(&world), world.zoho.requests()), (1, 1));
    let again = processes[1].exchange_grant_again(&grant_of_u()).await;
    assert_eq!(
        again.unwrap().refresh_token().unwrap().expose_secret(),
        "r-new"
    );
    assert_eq!(grants(&world), 2);
    assert_eq!(world.lease().await, None);
    processes[0].exchange_grant(&grant_of_u()).await.unwrap();
    assert_eq!(grants(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_does_not_forget_that_a_grant_may_have_been_sent() {
    // The refresh succeeds, or Zoho refuses it for now.
    for refusal in [None, Some(Next::Body(503, ""))] {
        let world = World::with_token(0).await;
        let process = world.process();
        world.zoho.next([Next::Lost]);
        assert!(process.exchange_grant(&grant_of_u()).await.is_err());
        world.zoho.next(refusal.clone());
        let access = world.process().access_token(&token("user_name=u")).await;
        assert_eq!(access.is_ok(), refusal.is_none());
        assert_eq!(world.zoho.requests(), 2);
        let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        // One more refresh, which finds no lease of anybody.
        let access = process.access_token(&token("user_name=u")).await.unwrap();
        assert!(access.is_saved());
        assert_eq!(world.zoho.requests(), 3);
        let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
        let state = process
            .status(&token("user_name=u"))
            .await
            .unwrap()
            .unwrap()
            .state;
        assert_eq!(state, TokenState::Valid);
        assert_eq!(grants(&world), 1);
        // Another login ends it.
        let other = grant_of_u().to_builder().grant_token("g2").build().unwrap();
        process.exchange_grant(&other).await.unwrap();
        assert_eq!(
            world.stored().await.grant_token().unwrap().expose_secret(),
            "g2"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_access_token_from_elsewhere_does_not_settle_a_grant() {
    let world = World::with_token(0).await;
    let process = world.process();
    world.zoho.next([Next::Lost]);
    assert!(process.exchange_grant(&grant_of_u()).await.is_err());
    // One of Zoho's SDKs refreshes the tokens itself, and an operator corrects the client.
    world.save("access_token=x", 3_600).await;
    world.save("access_token=y client_secret=s2", 0).await;
    for process in [&process, &world.process()] {
        let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
    }
    // Nothing else is left of the lease.
    let started = tokio::time::Instant::now();
    let access = process.access_token(&token("user_name=u")).await.unwrap();
    assert_eq!(value(&access), "new-1");
    assert!(started.elapsed() < Duration::from_secs(1));
    let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GrantUnsettled);
    assert_eq!(grants(&world), 1);
    // A login does.
    world.save("refresh_token=r2 access_token=z", 3_600).await;
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_may_have_been_exchanged_behind_a_failing_gateway_is_not_sent_again() {
    for next in [Next::Body(504, ""), Next::Body(200, "<html>")] {
        for world in [World::new(), World::with_token(0).await] {
            let process = world.process();
            world.zoho.next([next.clone()]);
            for _ in 0..3 {
                let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::GrantUnsettled, "{next:?}");
                tokio::time::advance(Duration::from_secs(3_600)).await;
            }
            assert_eq!(grants(&world), 1, "{next:?}");
            process.exchange_grant_again(&grant_of_u()).await.unwrap();
            assert_eq!(grants(&world), 2, "{next:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_refusal_of_a_grant_settles_what_became_of_it() {
    let not_sent = [Next::NotSent, Next::NotSent];
    let throttled = [Next::Body(429, "")];
    let client = [Next::Body(200, r#"{"error":"invalid_client"}"#)];
    for again in [&not_sent[..], &throttled, &client] {
        for world in [World::new(), World::with_token(0).await] {
            let process = world.process();
            world.zoho.next([Next::Lost]);
            assert!(process.exchange_grant(&grant_of_u()).await.is_err());
            world.zoho.next(again.iter().cloned());
            let error = process.exchange_grant_again(&grant_of_u()).await;
            let kind = error.unwrap_err().kind();
            assert_ne!(kind, ErrorKind::GrantUnsettled, "{again:?}");
            tokio::time::advance(Duration::from_secs(3_600)).await;
            let sent = grants(&world);
            let error = process.exchange_grant(&grant_of_u()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::GrantUnsettled, "{again:?}");
            assert_eq!(grants(&world), sent, "{again:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_sent_once_if_another_login_is_saved_meanwhile() {
    let refused = Next::Body(200, r#"{"error":"invalid_code"}"#);
    for next in [None, Some(refused)] {
        let world = World::with_token(0).await;
        let process = world.process();
        world.zoho.hold();
        world.zoho.next(next.clone());
        let exchanging = tokio::spawn(async move { process.exchange_grant(&grant_of_u()).await });
        while world.zoho.requests() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let columns = "access_token=a2 refresh_token=r2 grant_token=g2";
        let saved = world.save(columns, 3_600).await;
        for _ in 0..5 {
            world.zoho.release();
        }
        match (exchanging.await.unwrap(), next) {
            (Ok(record), None) => assert_eq!(record, saved, "the user is logged in"),
            (Err(error), Some(_)) => assert_eq!(error.kind(), ErrorKind::NeedsLogin),
            other => panic!("{other:?}"),
        }
        assert_eq!((grants(&world), world.zoho.requests()), (1, 1));
        assert_eq!(world.stored().await, saved);
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_whose_lease_took_too_long_and_could_not_be_put_back_is_sent_once() {
    for fault in [SwapFault::Fails, SwapFault::LosesResponse] {
        let world = World::with_token(0).await;
        world
            .store
            .next(&[SwapFault::None, SwapFault::Takes(4), fault]);
        let process = world.process();
        let record = process.exchange_grant(&grant_of_u()).await.unwrap();
        assert_eq!(record.refresh_token().unwrap().expose_secret(), "r-new");
        assert_eq!(grants(&world), 1);
        assert_eq!(world.lease().await, None);
    }
    // The store does not respond for longer than a caller waits.
    let world = World::with_token(0).await;
    let faults = [SwapFault::None, SwapFault::Takes(4), SwapFault::Takes(600)];
    world.store.next(&faults);
    let started = tokio::time::Instant::now();
    assert!(world.process().exchange_grant(&grant_of_u()).await.is_err());
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_second_login_that_was_not_sent_is_sent_again() {
    let world = World::with_token(0).await;
    world.zoho.next([Next::NotSent, Next::NotSent]);
    let error = world.process().exchange_grant(&grant_of_u()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
    let record = world.process().exchange_grant(&grant_of_u()).await.unwrap();
    assert_eq!(record.refresh_token().unwrap().expose_secret(), "r-new");
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_was_not_sent_is_sent_again() {
    let world = World::new();
    world.zoho.next([Next::NotSent]);
    world.process().exchange_grant(&grant()).await.unwrap();
    assert_eq!(world.zoho.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_crashed_exchange_does_not_stop_a_refresh() {
    let world = World::with_token(0).await;
    world.put_lease("sending").await;
    let access = world
        .process()
        .access_token(&token("user_name=u"))
        .await
        .unwrap();
    assert_eq!(value(&access), "new-1");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_held_for_a_grant_is_taken_over() {
    let world = World::new();
    let record = world.store.save_token(&grant()).await.unwrap();
    let version = world
        .store
        .inner
        .read(record.id().unwrap())
        .await
        .unwrap()
        .unwrap();
    let lease = format!("{}:1:other:held", crate::oauth::lease::base_of(&record));
    let swap = world
        .store
        .inner
        .swap(&version, &record, Some(&lease))
        .await
        .unwrap();
    assert!(matches!(swap, Swap::Current(_)));
    let started = tokio::time::Instant::now();
    world.process().exchange_grant(&grant()).await.unwrap();
    assert!(
        started.elapsed() >= Duration::from_secs(15),
        "nothing was sent: it is safe"
    );
}
