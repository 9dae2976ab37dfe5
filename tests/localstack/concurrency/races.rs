//! Races on one record in a fixed order: no writer loses a change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join;
use tokio::sync::Notify;
use zoho_token_store::{OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};
use crate::support::wait::until;

/// Returns a server that holds back the first put until `go` is notified.
async fn front_that_holds_a_put(go: &Arc<Notify>) -> Front {
    let (go, is_first) = (go.clone(), AtomicBool::new(true));
    Front::new(move |request| match request.action.as_str() {
        "PutSecretValue" if is_first.swap(false, Ordering::Relaxed) => {
            Reaction::ForwardWhen(go.clone())
        }
        _ => Reaction::Forward,
    })
    .await
}

/// Runs saves that have all read and tagged before the first of them puts, then lets their puts
/// through in order.
async fn race<const N: usize>(test: &TestStore, saves: [&'static str; N]) {
    let mut runners = Vec::new();
    for columns in saves {
        let go = Arc::new(Notify::new());
        let front = front_that_holds_a_put(&go).await;
        let store = test.another_behind(&front).await.store;
        let save = tokio::spawn(async move { store.save_token(&token(columns)).await });
        until("the put arrives", async || {
            front.seen("PutSecretValue") == 1
        })
        .await;
        runners.push((go, save, front));
    }
    for (go, save, _front) in runners {
        go.notify_one();
        let saved = save.await.expect("the task has ended");
        saved.expect("the token is saved");
    }
}

#[tokio::test]
async fn a_save_that_loses_a_race_keeps_what_the_others_saved() {
    let test = TestStore::new().await;
    test.save(&token("user_name=ada access_token=a")).await;
    race(
        &test,
        [
            "user_name=ada api_domain=d",
            "user_name=ada access_token=a2",
            "user_name=ada redirect_url=u",
        ],
    )
    .await;
    let stored = test
        .find(&token("access_token=a2"))
        .await
        .expect("the record should exist");
    let expected = "user_name=ada access_token=a2 api_domain=d redirect_url=u";
    assert_eq!(stored, token(&format!("id={} {expected}", id(&stored))));
}

/// The loser has already tagged when it finds that the winner wrote all of its values.
#[tokio::test]
async fn a_save_that_loses_a_race_keeps_the_winners_tags() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    race(
        &test,
        [
            "user_name=ada access_token=a2 refresh_token=r2",
            "user_name=ada access_token=a2",
        ],
    )
    .await;
    for pair in ["access_token=a2", "refresh_token=r2", "grant_token=g-ada"] {
        let partial = token(&format!("{pair} client_id=c client_secret=s"));
        let found = test.another().await.find(&partial).await;
        assert!(found.is_some(), "{pair} is not found");
    }
}

#[tokio::test]
async fn concurrent_saves_and_deletions_leave_the_whole_record_or_none() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let ada = one.save(&login("ada")).await;
    for _ in 0..6 {
        let login = login("ada");
        let (saved, deleted) = join(
            one.store.save_token(&login),
            other.store.delete_token(id(&ada)),
        )
        .await;
        assert_eq!(saved.expect("the save should succeed"), ada);
        deleted.expect("the deletion should succeed");
        let left = one.another().await.find_by_id(id(&ada)).await;
        assert!(left.is_none() || left.as_ref() == Some(&ada), "{left:?}");
        for test in [&one, &other] {
            test.store.invalidate(id(&ada));
            assert_eq!(test.find_by_id(id(&ada)).await, left);
        }
    }
}

/// Starts to read all records, and runs `what` while the response is on its way.
///
/// Returns what was read: a state that is older than one that the process knows is read again.
async fn meanwhile(
    test: &TestStore,
    what: impl AsyncFnOnce(&TestStore),
) -> (TestStore, Front, Vec<OAuthToken>) {
    let go = Arc::new(Notify::new());
    let front = Front::new({
        let go = go.clone();
        move |request| match request.action.as_str() {
            "BatchGetSecretValue" => Reaction::HoldResponse(go.clone()),
            _ => Reaction::Forward,
        }
    })
    .await;
    let process = test.another_behind(&front).await;
    process.find(&token("user_name=ada")).await;
    let store = process.store.clone();
    let read = tokio::spawn(async move { store.get_tokens().await });
    until("all records are read", async || front.held() == 1).await;
    what(&process).await;
    go.notify_one();
    let read = read.await.expect("the task has ended");
    (process, front, read.expect("all records are read"))
}

#[tokio::test]
async fn a_read_begun_before_a_save_does_not_replace_it_in_the_cache() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let change = token("user_name=ada access_token=a2");
    let (process, _front, read) =
        meanwhile(&test, async |process| drop(process.save(&change).await)).await;
    process.calls.take();
    let found = process.find(&token("user_name=ada")).await;
    assert_eq!(found, test.another().await.find(&change).await);
    assert_eq!(process.calls.total(), 0, "the save should be cached");
    assert_eq!(read, Vec::from_iter(found));
}

#[tokio::test]
async fn a_read_begun_before_a_deletion_does_not_bring_the_record_back() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let (process, _front, read) =
        meanwhile(&test, async |process| process.delete(id(&ada)).await).await;
    assert_eq!(read, []);
    assert_eq!(process.find_by_id(id(&ada)).await, None);
    assert_eq!(process.find(&token("user_name=ada")).await, None);
}

#[tokio::test]
async fn a_save_does_not_rely_on_an_earlier_read_of_another_task() {
    let test = TestStore::new().await;
    let record = test
        .save(&token("refresh_token=r client_id=c client_secret=s"))
        .await;
    let (go, is_first) = (Arc::new(Notify::new()), AtomicBool::new(true));
    let front = Front::new({
        let go = go.clone();
        move |request| match request.action.as_str() {
            "GetSecretValue" if is_first.swap(false, Ordering::Relaxed) => {
                Reaction::HoldResponse(go.clone())
            }
            _ => Reaction::Forward,
        }
    })
    .await;
    let process = test.another_behind(&front).await;
    let (store, record_id) = (process.store.clone(), id(&record).to_owned());
    let find = tokio::spawn(async move { store.find_token_by_id(&record_id).await });
    until("the record is read", async || front.held() == 1).await;
    let changed = token(&format!("id={} access_token=a", id(&record)));
    test.save(&changed).await;

    let store = process.store.clone();
    let mut save = tokio::spawn(async move {
        store
            .save_token(&token("access_token=a api_domain=d"))
            .await
    });
    let saved = match tokio::time::timeout(Duration::from_secs(1), &mut save).await {
        Ok(saved) => saved,
        // The save waits for the read that does not have the access token.
        Err(_) => {
            go.notify_one();
            save.await
        }
    };
    let saved = saved.expect("the task has ended");
    assert_eq!(saved.expect("the token is saved").id(), record.id());
    assert_eq!(test.secrets.all().await.len(), 1);
    go.notify_one();
    let found = find.await.expect("the task has ended");
    assert!(found.expect("the id is looked up").is_some());
}
