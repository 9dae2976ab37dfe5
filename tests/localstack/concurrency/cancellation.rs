//! Futures that are dropped at any point: the cache agrees with AWS and the next operation works.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::{StreamExt, stream};
use tokio::sync::Notify;
use zoho_token_store::{Field, OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};
use crate::support::wait::until;

/// Polls the future at most `times` times, then drops it. Returns `None` if it was not ready by
/// then.
async fn polled<T>(future: impl Future<Output = T>, mut times: usize) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(None);
        }
        times -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Returns a server that passes on calls of one action but never returns a response to them.
async fn without_responses_to(action: &'static str) -> Front {
    Front::new(move |request| match request.action == action {
        true => Reaction::KeepResponse,
        false => Reaction::Forward,
    })
    .await
}

#[tokio::test]
async fn a_save_dropped_at_any_point_leaves_the_cache_consistent() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let (mut times, mut dropped) = (1, 0);
    loop {
        let access_token = format!("a{times}");
        let change = token(&format!("user_name=ada access_token={access_token}"));
        if polled(test.store.save_token(&change), times)
            .await
            .is_some()
        {
            break;
        }
        (times, dropped) = (times + 1, dropped + 1);

        // The cache and AWS can differ until a request in flight has arrived or failed.
        until("the store agrees with its cache", async || {
            test.store.invalidate(id(&ada));
            let found = test.find(&token("user_name=ada")).await;
            let found = found.expect("the record is there");
            test.secrets.document(id(&ada)).await["access_token"]
                == found.expose(Field::AccessToken).unwrap_or_default()
        })
        .await;
        let next = token(&format!("user_name=ada api_domain=d{times}"));
        let saved = test.save(&next).await;
        let stored = test.secrets.document(id(&ada)).await;
        assert_eq!(stored["api_domain"], format!("d{times}"));
        assert_eq!(
            stored["access_token"],
            saved.expose(Field::AccessToken).unwrap_or_default()
        );
    }
    assert!(
        dropped >= 3,
        "the save was dropped at only {dropped} points"
    );
    assert_eq!(test.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn a_first_save_dropped_at_any_point_can_be_repeated() {
    let (mut times, mut dropped) = (1, 0);
    loop {
        let test = TestStore::new().await;
        if polled(test.store.save_token(&login("ada")), times)
            .await
            .is_some()
        {
            break;
        }
        (times, dropped) = (times + 1, dropped + 1);
        let saved = test.save(&login("ada")).await;
        assert_eq!(test.another().await.all().await, [saved]);
        assert_eq!(test.secrets.all().await.len(), 1);
    }
    assert!(
        dropped >= 3,
        "the save was dropped at only {dropped} points"
    );
}

/// Starts to save another access token of Ada's, and drops the save once the condition holds.
async fn dropped_once(test: &TestStore, what: &str, condition: impl AsyncFnMut() -> bool) {
    let store = test.store.clone();
    let save = tokio::spawn(async move {
        store
            .save_token(&token("user_name=ada access_token=a2"))
            .await
    });
    until(what, condition).await;
    save.abort();
    assert!(
        save.await.is_err_and(|error| error.is_cancelled()),
        "the task should be cancelled"
    );
}

#[tokio::test]
async fn a_stored_change_without_a_response_is_found_at_once() {
    let front = without_responses_to("PutSecretValue").await;
    let test = TestStore::behind(&front).await;
    let ada = test.save(&login("ada")).await;
    dropped_once(&test, "the change is stored", async || {
        test.secrets.document(id(&ada)).await["access_token"] == "a2"
    })
    .await;

    let found = test
        .find(&token("user_name=ada"))
        .await
        .expect("the record should exist");
    assert_eq!(found.expose(Field::AccessToken), Some("a2"));
}

#[tokio::test]
async fn a_change_that_was_never_sent_is_not_found() {
    let front = Front::new(|request| match request.action.as_str() {
        "PutSecretValue" => Reaction::ForwardWhen(Arc::new(Notify::new())),
        _ => Reaction::Forward,
    })
    .await;
    let test = TestStore::behind(&front).await;
    test.save(&login("ada")).await;
    dropped_once(&test, "the change is sent", async || {
        front.seen("PutSecretValue") > 0
    })
    .await;

    let found = test
        .find(&token("user_name=ada"))
        .await
        .expect("the record should exist");
    assert_eq!(found.expose(Field::AccessToken), Some("a-ada"));
    assert_eq!(test.find(&token("access_token=a2")).await, None);
}

#[tokio::test]
async fn a_created_record_without_a_response_is_found_and_not_stored_twice() {
    let front = without_responses_to("CreateSecret").await;
    let test = TestStore::behind(&front).await;
    let store = test.store.clone();
    let save = tokio::spawn(async move { store.save_token(&login("ada")).await });
    until("the record is stored", async || {
        test.secrets.all().await.len() == 1
    })
    .await;
    save.abort();
    assert!(
        save.await.is_err_and(|error| error.is_cancelled()),
        "the task should be cancelled"
    );

    let found = test.find(&token("user_name=ada")).await;
    assert_eq!(
        test.save(&login("ada")).await,
        found.expect("the record should exist")
    );
    assert_eq!(test.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn a_deletion_dropped_halfway_still_deletes() {
    let front = without_responses_to("PutSecretValue").await;
    let test = TestStore::behind(&front).await;
    let ada = test.save(&login("ada")).await;
    let (store, record) = (test.store.clone(), id(&ada).to_owned());
    let delete = tokio::spawn(async move { store.delete_token(&record).await });
    until("the tombstone is stored", async || {
        !test
            .secrets
            .document(id(&ada))
            .await
            .contains_key("access_token")
    })
    .await;
    delete.abort();
    assert!(
        delete.await.is_err_and(|error| error.is_cancelled()),
        "the task should be cancelled"
    );

    assert_eq!(test.find_by_id(id(&ada)).await, None);
    assert_eq!(test.find(&token("user_name=ada")).await, None);
    // It puts a tombstone too, whose response does not get lost.
    test.another().await.delete(id(&ada)).await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
}

/// The other operations that are dropped.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Find,
    All,
    Delete,
    DeleteAll,
    SaveAfterDeletion,
    Reindex,
}

impl Operation {
    async fn on(self, test: &TestStore, ada: &str) {
        match self {
            Operation::Find => drop(test.find(&token("access_token=a-ada")).await),
            Operation::All => drop(test.all().await),
            Operation::Delete => test.delete(ada).await,
            Operation::DeleteAll => test.delete_all().await,
            Operation::SaveAfterDeletion => drop(test.save(&first_token("ada")).await),
            Operation::Reindex => drop(
                test.store
                    .reindex()
                    .await
                    .expect("the operation should succeed"),
            ),
        }
    }

    /// The number of Ada's and Bob's records that are left.
    fn leaves(self) -> usize {
        match self {
            Operation::Delete => 1,
            Operation::DeleteAll => 0,
            _ => 2,
        }
    }
}

/// Returns a token with two keys. A whole login has four, and takes twice as many calls to save.
fn first_token(user: &str) -> OAuthToken {
    token(&format!("user_name={user} access_token=a-{user}"))
}

/// Drops the operation after `times` polls. Returns whether it was done by then. The store must
/// agree with AWS afterwards, and repeating the operation must succeed.
async fn dropped_after(operation: Operation, times: usize) -> bool {
    let test = TestStore::new().await;
    let ada = test.save(&first_token("ada")).await;
    let bob = test.save(&first_token("bob")).await;
    let index = test.secrets.index(id(&ada)).await["access"].clone();
    if let Operation::SaveAfterDeletion = operation {
        test.delete(id(&ada)).await;
    }
    if let Operation::Reindex = operation {
        let wrong = format!("access_token:{}", "0".repeat(64));
        test.secrets.tag(id(&ada), &index.key, &wrong).await;
    }
    let done = polled(operation.on(&test, id(&ada)), times).await.is_some();

    let process = test
        .another_with(|builder| builder.cache_capacity(None))
        .await;
    // The cache and AWS can differ until a request in flight has arrived or failed.
    until("the store agrees with AWS", async || {
        let mut agree = true;
        for record in [&ada, &bob] {
            test.store.invalidate(id(record));
            agree &= test.find_by_id(id(record)).await == process.find_by_id(id(record)).await;
        }
        let count = test.all().await.len();
        agree && count == process.all().await.len()
    })
    .await;
    operation.on(&test, id(&ada)).await;
    assert_eq!(
        process.all().await.len(),
        operation.leaves(),
        "{operation:?}"
    );
    assert_eq!(test.all().await.len(), operation.leaves(), "{operation:?}");
    if operation.leaves() == 2 {
        assert_eq!(
            process.find(&token("user_name=ada")).await,
            Some(ada.clone())
        );
        let access = test.secrets.index(id(&ada)).await["access"].clone();
        assert_eq!(access.value, index.value, "{operation:?}");
    }
    done
}

#[tokio::test]
async fn every_operation_dropped_at_any_point_leaves_the_store_consistent_with_aws() {
    let operations = [
        Operation::Find,
        Operation::All,
        Operation::Delete,
        Operation::DeleteAll,
        Operation::SaveAfterDeletion,
        Operation::Reindex,
    ];
    let dropped = operations.map(async |operation| {
        let mut times = 1;
        while !dropped_after(operation, times).await {
            times += 1;
        }
        println!("{operation:?}: dropped at {} points", times - 1);
        assert!(times > 1, "{operation:?} should wait at least once");
    });
    // Three operations at once keep LocalStack busy.
    let dropped = stream::iter(dropped).buffer_unordered(3);
    dropped.collect::<()>().await;
}
