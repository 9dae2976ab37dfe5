//! Processes that meet one expiry at the same time: Zoho gets one request, whatever they do.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use serde_json::json;
use zoho_token_store::{DataCenter, OAuthToken, TokenProvider};

use crate::support::child::{Worker, given, ready_and_wait};
use crate::support::front;
use crate::support::store::TestStore;
use crate::support::token::{id, token};
use crate::zoho::FakeZoho;

const ROUNDS: usize = 30;
const PROCESSES: usize = 8;
const TASKS: usize = 13;

/// In every other round the access token can still be used for this time: nobody waits but the one who
/// refreshes it.
const USABLE: Duration = Duration::from_secs(120);

/// Runs in a separate process: in each round, `TASKS` tasks ask for the access token of another user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by other tests, in separate processes"]
async fn worker_that_asks_for_tokens() {
    let test = TestStore::at(&given("TEST_PREFIX"), front::open(), |builder| builder).await;
    let zoho = given("TEST_ZOHO");
    let zoho = DataCenter::custom(&zoho, &zoho).expect("the URL is one of this machine");
    let provider = TokenProvider::builder(test.store.clone()).data_center(zoho);
    let provider = provider.build().expect("there is an HTTP client");
    for round in 0..ROUNDS {
        ready_and_wait();
        let tasks = (0..TASKS).map(|_| {
            let provider = provider.clone();
            let partial = token(&format!("user_name={}", user(round)));
            tokio::spawn(async move { provider.access_token(&partial).await })
        });
        for access in join_all(tasks).await {
            let access = access.expect("the task has ended");
            let access = access.expect("there is an access token");
            let left = access.expires_at().expect("its expiry is known");
            let left = left.duration_since(SystemTime::now());
            let is_new = left.is_ok_and(|left| left > USABLE);
            assert!(is_new || is_usable(round), "the access token has expired");
            assert!(access.is_saved());
        }
    }
}

#[tokio::test]
async fn eight_processes_of_thirteen_tasks_refresh_once_at_each_expiry() {
    let test = TestStore::new().await;
    let zoho = FakeZoho::start(0).expect("there is a free port");
    let variables = [
        ("TEST_PREFIX", test.prefix.as_str()),
        ("TEST_ZOHO", zoho.url()),
    ];
    let worker = "oauth::fleet::worker_that_asks_for_tokens";
    let mut workers: Vec<_> = (0..PROCESSES)
        .map(|_| Worker::start(worker, &variables))
        .collect();
    let mut ids = Vec::new();
    for round in 0..ROUNDS {
        let saved = test.save(&expiring(&zoho, round)).await;
        ids.push(id(&saved).to_owned());
        // Each process has ended the round before.
        workers.iter_mut().for_each(Worker::wait_until_ready);
        assert_eq!(zoho.requests("refresh"), round, "before round {round}");
        workers.iter_mut().for_each(Worker::go);
    }
    for worker in workers {
        worker.finish();
    }
    assert_eq!(zoho.requests("refresh"), ROUNDS);
    for id in ids {
        let document = test.secrets.document(&id).await;
        assert!(!document.contains_key("refresh_lease"));
    }
}

fn user(round: usize) -> String {
    format!("user{round}@example.com:70001")
}

fn is_usable(round: usize) -> bool {
    round % 2 == 1
}

/// Logs a user in, and returns the token at its expiry, or shortly before.
fn expiring(zoho: &FakeZoho, round: usize) -> OAuthToken {
    let email = format!("user{round}@example.com");
    let login = zoho.control("login", json!({"email": email}));
    let columns = login.as_object().expect("a token is an object");
    let mut token = OAuthToken::builder();
    for (name, value) in columns {
        let value = value.as_str().expect("a column is a text");
        token = token.field(name.parse().expect("the name of a field"), value);
    }
    let expires_at = match is_usable(round) {
        true => SystemTime::now() + USABLE,
        false => SystemTime::now(),
    };
    let token = token.expires_at(expires_at).build();
    token.expect("a valid token")
}
