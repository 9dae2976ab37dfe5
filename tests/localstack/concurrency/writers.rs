//! Many writers at once, in tasks and in processes: no record is stored twice and no save is lost.

use futures::future::join_all;
use zoho_token_store::{Field, TokenStore};

use crate::support::child::{given, ready_and_wait, run_at_once};
use crate::support::front;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// Runs in a separate process: `TEST_TASKS` tasks save the tokens in `TEST_TOKENS`, round-robin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by other tests, in separate processes"]
async fn worker_that_saves() {
    let test = TestStore::at(&given("TEST_PREFIX"), front::open(), |builder| builder).await;
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

/// Saves each process's tokens with `tasks` tasks per process.
fn save_in_processes(test: &TestStore, tokens_by_process: &[&str], tasks: &str) {
    let variables = tokens_by_process.iter().map(|tokens| {
        vec![
            ("TEST_PREFIX", test.prefix.as_str()),
            ("TEST_TOKENS", *tokens),
            ("TEST_TASKS", tasks),
        ]
    });
    run_at_once(
        "concurrency::writers::worker_that_saves",
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
    let first = saved[0].as_ref().expect("the save should succeed");
    assert!(
        saved
            .iter()
            .all(|saved| saved.as_ref().expect("the save should succeed") == first)
    );
    assert_eq!(test.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn processes_that_save_a_user_in_several_clients_store_one_record_per_client() {
    let test = TestStore::new().await;
    let of_client = ["c1", "c2", "c3", "c4"]
        .map(|client| format!("user_name=ada client_id={client} access_token=a-{client}"));
    save_in_processes(&test, &of_client.each_ref().map(String::as_str), "4");
    assert_eq!(test.secrets.all().await.len(), 4);
    for partial in of_client {
        let found = test
            .find(&token(&partial))
            .await
            .expect("the record should exist");
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
            .iter()
            .copied()
            .filter(|field| !matches!(field, Field::Id | Field::UserName | Field::ClientId))
            // A new access token without its expiry time would drop the stored one.
            .filter(|field| *field != Field::ExpiryTime)
            .filter_map(|field| {
                let expiry = values.expose(Field::ExpiryTime).unwrap_or_default();
                let expiry = match field {
                    Field::AccessToken => format!(" expiry_time={expiry}"),
                    _ => String::new(),
                };
                let value = values.expose(field)?;
                Some(format!("user_name=ada {field}={value}{expiry}"))
            });
        let given: Vec<_> = given.collect();
        // Each field is saved once, so a later save cannot make up for a lost one.
        let by_process: Vec<_> = given.chunks(2).map(|fields| fields.join(";")).collect();
        save_in_processes(
            &test,
            &by_process.iter().map(String::as_str).collect::<Vec<_>>(),
            "2",
        );
        let stored = test.another().await.find_by_id(id(&ada)).await;
        let stored = stored
            .expect("the record should exist")
            .to_builder()
            .client_id("c");
        assert_eq!(stored.build().expect("a valid token"), values);
    }
}
