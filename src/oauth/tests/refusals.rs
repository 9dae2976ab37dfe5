//! What Zoho refuses, and what that means for all processes.

use std::time::Duration;

use super::fake_zoho::Next;
use super::world::{World, partial, value};
use crate::oauth::{DataCenter, TokenState};
use crate::{ErrorKind, OAuthToken, TokenStore};

const DEAD: Next = Next::Body(200, r#"{"error":"invalid_code"}"#);
const THROTTLED: Next = Next::Body(
    200,
    r#"{"error":"Access Denied","error_description":"You have made too many requests continuously."}"#,
);
const AWAY: Next = Next::Body(503, "<html>");

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_asked_for_once_until_somebody_logs_in() {
    let world = World::with_token(0).await;
    world.zoho.next([DEAD]);
    for _ in 0..3 {
        let process = world.process();
        let error = process.access_token(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsLogin);
        assert!(error.to_string().contains("accounts.zoho.eu"), "{error}");
        let status = process.status(&partial()).await.unwrap().unwrap();
        let TokenState::Failing {
            code, needs_login, ..
        } = status.state
        else {
            panic!("{status:?}");
        };
        assert_eq!((code.as_str(), needs_login), ("invalid_code", true));
        tokio::time::advance(Duration::from_secs(86_400)).await;
    }
    assert_eq!(world.zoho.requests(), 1);
    world.save("refresh_token=r2", 0).await;
    assert_eq!(world.lease().await, None, "the note is gone with the login");
    let access = world.process().access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-1");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_another_accounts_server_refuses_is_asked_for_at_the_right_one() {
    let minute = Duration::from_secs(60);
    for is_saved in [true, false] {
        let world = World::with_token(0).await;
        let wrong = world.process_at(DataCenter::Us);
        world.zoho.next([DEAD, DEAD]);
        let sweep = wrong.refresh_expiring(minute).await.unwrap();
        assert_eq!(sweep.failed.len(), 1);
        let error = wrong.access_token(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsLogin);
        // What the error advises: the data centre is set, in the record or in the program.
        let right = match is_saved {
            true => {
                world.save_at(DataCenter::In.accounts_url(), "id=1").await;
                wrong.clone()
            }
            false => world.process_at(DataCenter::In),
        };
        let error = right.access_token(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("accounts.zoho.in"), "{error}");
        let status = right.status(&partial()).await.unwrap().unwrap();
        assert!(matches!(
            status.state,
            TokenState::Failing {
                needs_login: false,
                ..
            }
        ));
        tokio::time::advance(minute).await;
        // That one refuses it, too.
        let error = right.access_token(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsLogin);
        tokio::time::advance(24 * 60 * minute).await;
        assert!(right.access_token(&partial()).await.is_err());
        assert_eq!(world.zoho.requests(), 2, "it is final there");
        let servers: Vec<_> = world.zoho.seen().into_iter().map(|(url, _)| url).collect();
        assert!(servers[0].starts_with("https://accounts.zoho.com/"));
        assert!(servers[1].starts_with("https://accounts.zoho.in/"));
        assert_eq!(
            value(&world.process().refresh(&partial()).await.unwrap()),
            "new-1"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_does_not_get_the_error_of_another_accounts_server() {
    let world = World::with_token(0).await;
    let process = world.process_at(DataCenter::Us);
    world.zoho.hold();
    world.zoho.next([DEAD]);
    let caller = |partial: OAuthToken| {
        let process = process.clone();
        tokio::spawn(async move { process.access_token(&partial).await })
    };
    let first = caller(partial());
    while world.zoho.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let named = partial().to_builder();
    let named = named.accounts_url(DataCenter::Eu.accounts_url()).build();
    let second = caller(named.unwrap());
    let third = caller(partial());
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.zoho.release();
    let mut kinds = Vec::new();
    for caller in [first, second, third] {
        kinds.push(caller.await.unwrap().unwrap_err().kind());
    }
    let dead = ErrorKind::NeedsLogin;
    // That server is asked a minute later.
    assert_eq!(kinds, [dead, ErrorKind::Unavailable, dead]);
}

#[tokio::test(start_paused = true)]
async fn processes_of_different_data_centres_ask_less_and_less_often() {
    let world = World::with_token(0).await;
    let processes = [world.process_at(DataCenter::Us), world.process()];
    world.zoho.next(std::iter::repeat_n(DEAD, 1_000));
    for _ in (0..86_400).step_by(10) {
        for process in &processes {
            assert!(process.access_token(&partial()).await.is_err());
        }
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    let (_, versions) = world.store.take_counts();
    assert!(versions < 50, "{versions}");
}

#[tokio::test(start_paused = true)]
async fn a_note_without_a_server_is_of_any() {
    let world = World::with_token(0).await;
    world.put_lease("failed:invalid_code:1767225600").await;
    tokio::time::advance(Duration::from_secs(86_400)).await;
    let error = world.process().access_token(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsLogin);
    assert_eq!(world.zoho.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_operator_can_ask_for_a_dead_token_again() {
    let world = World::with_token(0).await;
    let process = world.process();
    world.zoho.next([DEAD, DEAD]);
    assert!(process.access_token(&partial()).await.is_err());
    assert_eq!(
        process.refresh(&partial()).await.unwrap_err().kind(),
        ErrorKind::NeedsLogin
    );
    assert_eq!(world.zoho.requests(), 2);
    assert_eq!(value(&process.refresh(&partial()).await.unwrap()), "new-1");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_zoho_does_not_know_is_a_mistake_in_the_configuration() {
    let world = World::with_token(0).await;
    world
        .zoho
        .next([Next::Body(200, r#"{"error":"invalid_client"}"#)]);
    for _ in 0..2 {
        let error = world.process().access_token(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
    assert_eq!(world.zoho.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_valid_token_is_returned_while_zoho_refuses_another_one() {
    for refusal in [AWAY, THROTTLED, DEAD] {
        let world = World::with_token(200).await;
        world.zoho.next([refusal]);
        let process = world.process();
        for _ in 0..5 {
            let access = process.access_token(&partial()).await.unwrap();
            assert_eq!(value(&access), "old");
            assert_eq!(
                value(&world.process().access_token(&partial()).await.unwrap()),
                "old"
            );
        }
        assert_eq!(world.zoho.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_may_pass_is_tried_again_after_a_minute_and_then_less_often() {
    for (refusal, kind) in [
        (AWAY, ErrorKind::Unavailable),
        (THROTTLED, ErrorKind::Throttled),
    ] {
        let world = World::with_token(0).await;
        let processes = [world.process(), world.process()];
        world.zoho.next(std::iter::repeat_n(refusal, 1_000));
        // A caller every ten seconds in each process, for a day.
        for second in (0..86_400).step_by(10) {
            for process in &processes {
                let error = process.access_token(&partial()).await.unwrap_err();
                assert_eq!(error.kind(), kind);
                assert!(error.is_retryable());
            }
            if second == 120 {
                assert_eq!(world.zoho.requests(), 2, "after 0 and 60 seconds");
            }
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        let (requests, (_, versions)) = (world.zoho.requests(), world.store.take_counts());
        assert!((15..25).contains(&requests), "{requests}");
        assert!(versions < 50, "{versions}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_that_has_passed_the_note_is_gone() {
    let world = World::with_token(0).await;
    let process = world.process();
    world.zoho.next([AWAY]);
    assert!(process.access_token(&partial()).await.is_err());
    assert!(world.lease().await.unwrap().contains(":failed:http_503:"));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(
        value(&process.access_token(&partial()).await.unwrap()),
        "new-1"
    );
    assert_eq!(world.lease().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_process_asks_for_at_most_ten_tokens_in_ten_minutes() {
    let world = World::with_token(3_600).await;
    let process = world.process();
    for _ in 0..10 {
        process.refresh(&partial()).await.unwrap();
    }
    let error = process.refresh(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(world.zoho.requests(), 10);
    let access = process.access_token(&partial()).await.unwrap();
    assert_eq!(value(&access), "new-10", "it is still valid");
    tokio::time::advance(Duration::from_secs(600)).await;
    process.refresh(&partial()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn requests_without_a_response_count_as_well() {
    let world = World::with_token(3_600).await;
    let process = world.process();
    world.zoho.next(std::iter::repeat_n(Next::Lost, 100));
    for _ in 0..8 {
        assert!(process.refresh(&partial()).await.is_err());
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    assert_eq!(world.zoho.requests(), 10);
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_not_sent_do_not_count() {
    let world = World::with_token(3_600).await;
    let process = world.process();
    world.zoho.next(std::iter::repeat_n(Next::NotSent, 40));
    for _ in 0..20 {
        let error = process.refresh(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(world.zoho.requests(), 40);
    assert_eq!(value(&process.refresh(&partial()).await.unwrap()), "new-1");
}

#[tokio::test(start_paused = true)]
async fn an_error_has_what_the_http_client_reports() {
    for (next, text, cause) in [
        (Next::NotSent, "could not be reached", "refused"),
        (Next::Lost, "did not respond", "lost"),
    ] {
        let world = World::with_token(0).await;
        world.zoho.next([next.clone(), next]);
        let error = world.process().access_token(&partial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains(text), "{error}");
        let http = std::error::Error::source(&error).unwrap();
        assert_eq!(http.source().unwrap().to_string(), cause);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_logged_in_without_a_token() {
    let world = World::new();
    let error = world.process().access_token(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsLogin);
    world
        .store
        .save_token(&crate::testing::token(
            "user_name=u access_token=a expiry_time=1",
        ))
        .await
        .unwrap();
    let error = world.process().access_token(&partial()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsLogin);
    assert_eq!(error.operation(), Some("access_token"));
}
