//! Many writers at once, in tasks and in processes: nothing is stored twice, and nothing that was
//! saved is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use tokio::sync::Notify;
use zoho_token_store::{Field, TokenStore};

use crate::support::child::{given, ready_and_wait, run_at_once};
use crate::support::front::{Front, Reaction};
use crate::support::localstack;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};
use crate::support::wait::until;

/// In a process of its own: so many tasks at once as `TEST_TASKS` says save the tokens in
/// `TEST_TOKENS`, by turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by other tests, in processes of their own"]
async fn worker_that_saves() {
    let test = TestStore::at(&given("TEST_PREFIX"), localstack::endpoint(), |builder| {
        builder
    })
    .await;
    let tokens: Vec<_> = given("TEST_TOKENS").split(';').map(token).collect();
    let tasks: usize = given("TEST_TASKS").parse().expect("a number of tasks");
    ready_and_wait();
    let saves = (0..tasks).map(|task| {
        let (store, token) = (test.store.clone(), tokens[task % tokens.len()].clone());
        tokio::spawn(async move { store.save_token(&token).await })
    });
    for saved in join_all(saves).await {
        saved
            .expect("the task has ended")
            .expect("the token is saved");
    }
}

/// Saves the tokens of each process with so many tasks in it.
fn save_in_processes(test: &TestStore, tokens_by_process: &[&str], tasks: &str) {
    let variables = tokens_by_process.iter().map(|tokens| {
        vec![
            ("TEST_PREFIX", test.prefix.as_str()),
            ("TEST_TOKENS", *tokens),
            ("TEST_TASKS", tasks),
        ]
    });
    run_at_once(
        "concurrency::worker_that_saves",
        &variables.collect::<Vec<_>>(),
    );
}

#[tokio::test]
async fn four_processes_that_save_the_same_new_user_store_it_once() {
    let test = TestStore::new().await;
    save_in_processes(
        &test,
        &["user_name=ada access_token=a client_id=c"; 4],
        "16",
    );
    assert_eq!(test.secrets.all().await.len(), 1);
    let found = test.find(&token("user_name=ada")).await;
    assert_eq!(
        found
            .and_then(|ada| ada.client_id().map(str::to_owned))
            .as_deref(),
        Some("c")
    );
}

#[tokio::test]
async fn sixteen_tasks_that_save_the_same_new_user_store_it_once() {
    let test = TestStore::new().await;
    let ada = login("ada");
    let saved = join_all((0..16).map(|_| test.store.save_token(&ada))).await;
    let first = saved[0].as_ref().expect("it is saved");
    assert!(
        saved
            .iter()
            .all(|saved| saved.as_ref().expect("it is saved") == first)
    );
    assert_eq!(test.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn processes_that_save_one_user_of_several_clients_store_one_record_each() {
    let test = TestStore::new().await;
    let of_client = ["c1", "c2", "c3", "c4"]
        .map(|client| format!("user_name=ada client_id={client} access_token=a-{client}"));
    save_in_processes(&test, &of_client.each_ref().map(String::as_str), "4");
    assert_eq!(test.secrets.all().await.len(), 4);
    for partial in of_client {
        let found = test.find(&token(&partial)).await.expect("it is there");
        let access_token = token(&partial);
        assert_eq!(
            found.expose(Field::AccessToken),
            access_token.expose(Field::AccessToken)
        );
    }
}

#[tokio::test]
async fn concurrent_saves_of_different_fields_lose_none() {
    let test = TestStore::new().await;
    let ada = test.save(&token("user_name=ada access_token=a0")).await;
    for user in ["ada", "bob"] {
        let values = login(user).to_builder().user_name("ada").id(id(&ada));
        let values = values.build().expect("a valid token");
        let given = Field::ALL
            .into_iter()
            .filter(|field| !matches!(field, Field::Id | Field::UserName | Field::ClientId))
            .filter_map(|field| Some(format!("user_name=ada {field}={}", values.expose(field)?)));
        let given: Vec<_> = given.collect();
        // Each field is saved once: what is lost is not saved again by chance.
        let by_process: Vec<_> = given.chunks(2).map(|fields| fields.join(";")).collect();
        save_in_processes(
            &test,
            &by_process.iter().map(String::as_str).collect::<Vec<_>>(),
            "2",
        );
        let stored = test.another().await.find_by_id(id(&ada)).await;
        let stored = stored.expect("it is there").to_builder().client_id("c");
        assert_eq!(stored.build().expect("a valid token"), values);
    }
}

#[tokio::test]
async fn processes_with_outdated_caches_that_write_by_turns_lose_nothing() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let ada = token("user_name=ada");
    one.save(&login("ada")).await;
    other.find(&ada).await;
    for turn in 0..5 {
        one.save(&token(&format!("user_name=ada access_token=a{turn}")))
            .await;
        let saved = other
            .save(&token(&format!("user_name=ada api_domain=d{turn}")))
            .await;
        let written = [saved.expose(Field::AccessToken), saved.api_domain()];
        assert_eq!(
            written,
            [
                Some(format!("a{turn}")).as_deref(),
                Some(format!("d{turn}")).as_deref()
            ]
        );
        assert_eq!(one.another().await.find(&ada).await, Some(saved));
    }
}

/// AWS takes the repetition of a put for the same one, says yes, and changes nothing.
#[tokio::test]
async fn a_save_that_repeats_what_was_overwritten_meanwhile_is_stored() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let access = |value: &str| token(&format!("user_name=ada access_token={value}"));
    let ada = one.save(&access("a1")).await;
    other.save(&access("a2")).await;
    other.save(&access("a3")).await;
    one.save(&access("a2")).await;
    assert_eq!(one.secrets.document(id(&ada)).await["access_token"], "a2");
    let found = one
        .find(&token("user_name=ada"))
        .await
        .expect("it is there");
    assert_eq!(found.expose(Field::AccessToken), Some("a2"));
}

#[tokio::test]
async fn a_save_of_what_is_cached_but_was_overwritten_meanwhile_is_stored() {
    let one = TestStore::new().await;
    let access = |value: &str| token(&format!("user_name=ada access_token={value}"));
    let ada = one.save(&access("a1")).await;
    one.another().await.save(&access("a2")).await;
    one.save(&access("a1")).await;
    assert_eq!(one.secrets.document(id(&ada)).await["access_token"], "a1");
}

#[tokio::test]
async fn a_key_that_another_process_gave_a_record_is_not_stored_a_second_time() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let ada = one.save(&login("ada")).await;
    other.save(&token("user_name=ada access_token=a2")).await;
    // Here the cached record still has the access token from before.
    let saved = one.save(&token("access_token=a2 api_domain=d")).await;
    assert_eq!(saved.id(), ada.id());
    assert_eq!(one.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn a_stronger_key_that_another_process_gave_a_record_decides_where_a_save_goes() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let client = "client_id=c client_secret=s";
    let weaker = one.save(&token(&format!("refresh_token=r {client}"))).await;
    other.save(&token(&format!("grant_token=g {client}"))).await;
    other
        .save(&token(&format!("id={} access_token=a", id(&weaker))))
        .await;
    // The cached record matches by its refresh token alone, the other one by its grant token.
    let all = token(&format!(
        "access_token=a grant_token=g refresh_token=r {client}"
    ));
    assert_eq!(one.save(&all).await.id(), weaker.id());
}

#[tokio::test]
async fn saves_and_deletions_at_once_leave_the_whole_record_or_none() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let ada = one.save(&login("ada")).await;
    for _ in 0..6 {
        let login = login("ada");
        let (saved, deleted) = futures::future::join(
            one.store.save_token(&login),
            other.store.delete_token(id(&ada)),
        )
        .await;
        assert_eq!(saved.expect("it is saved"), ada);
        deleted.expect("it is deleted");
        let left = one.another().await.find_by_id(id(&ada)).await;
        assert!(left.is_none() || left.as_ref() == Some(&ada), "{left:?}");
        for test in [&one, &other] {
            test.store.invalidate(id(&ada));
            assert_eq!(test.find_by_id(id(&ada)).await, left);
        }
    }
}

/// Keeps a writer's first put back until it is told to let it go.
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

/// Runs saves so that each has read and tagged before the first of them puts, and then one after
/// another is let go.
async fn race<const N: usize>(test: &TestStore, saves: [&'static str; N]) {
    let mut runners = Vec::new();
    for columns in saves {
        let go = Arc::new(Notify::new());
        let front = front_that_holds_a_put(&go).await;
        let store = test.another_behind(&front).await.store;
        let save = tokio::spawn(async move { store.save_token(&token(columns)).await });
        until("it is about to put", async || {
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
async fn a_writer_that_is_overtaken_keeps_what_the_others_wrote() {
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
        .expect("it is there");
    let expected = "user_name=ada access_token=a2 api_domain=d redirect_url=u";
    assert_eq!(stored, token(&format!("id={} {expected}", id(&stored))));
}

/// The loser has tagged already when it learns that the winner wrote all that it wanted to write.
#[tokio::test]
async fn a_writer_that_loses_to_a_writer_of_the_same_leaves_the_winners_tags() {
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
