//! Many processes and tasks on few records: no save is lost, no record is stored twice, no lookup
//! returns another user's record, and within a process reads do not go back in time.
//!
//! `HISTORIES` sets the number of rounds, `HISTORY_OPERATIONS` the number of operations per task.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use futures::future::join_all;
use zoho_token_store::{Error, Field, OAuthToken, TokenStore};

use crate::support::child::{given, ready_and_wait, run_at_once};
use crate::support::environment;
use crate::support::front;
use crate::support::history::{Event, violations};
use crate::support::store::TestStore;
use crate::support::token::token;

const PROCESSES: usize = 8;
const TASKS: usize = 16;
const USERS: [&str; 3] = ["ada", "bob", "eve"];

/// The registers of a record: two lookup keys and two other fields.
const FIELDS: [Field; 4] = [
    Field::AccessToken,
    Field::RefreshToken,
    Field::RedirectUrl,
    Field::ApiDomain,
];

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("the time should be after 1970").as_nanos();
    now.try_into().expect("the time should be before 2554")
}

fn number(variable: &str, default: usize) -> usize {
    environment::number(variable).map_or(default, |number| number as usize)
}

fn fields(record: &OAuthToken) -> BTreeMap<String, String> {
    let fields = FIELDS
        .into_iter()
        .filter_map(|field| Some((field.to_string(), record.expose(field)?.to_owned())));
    fields.collect()
}

/// Writes new values into the chosen fields of a user's record.
async fn save(
    test: &TestStore,
    process: &str,
    user: &str,
    unique: &str,
    mut chosen: impl FnMut() -> bool,
) -> Event {
    let mut columns = format!("user_name={user}");
    for field in FIELDS {
        if chosen() {
            columns += &format!(" {field}=https://{unique}.{field}");
        }
    }
    let given = token(&columns);
    let began = now();
    let saved = test.store.save_token(&given).await;
    event(process, user, began, fields(&given), saved.map(Some), false)
}

fn event(
    process: &str,
    user: &str,
    began: u64,
    wrote: BTreeMap<String, String>,
    returned: Result<Option<OAuthToken>, Error>,
    cached: bool,
) -> Event {
    if let Err(error) = &returned {
        assert!(error.is_retryable(), "{error}");
    }
    let returned = returned
        .ok()
        .map(|record| record.expect("no process deletes the record"));
    if let Some(record) = &returned {
        assert_eq!(
            record.user_name(),
            Some(user),
            "the record should belong to the user"
        );
    }
    Event {
        process: process.to_owned(),
        user: user.to_owned(),
        began,
        ended: now(),
        wrote,
        returned: returned.as_ref().map(fields),
        cached,
    }
}

/// Runs in a separate process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by other tests, in separate processes"]
async fn worker_that_uses_few_records() {
    let (process, capacity) = (given("TEST_PROCESS"), given("TEST_CACHE_CAPACITY"));
    let capacity: u64 = capacity.parse().expect("a number");
    let settings = |builder: zoho_token_store::SecretsManagerTokenStoreBuilder| {
        builder.cache_capacity(Some(capacity).filter(|&capacity| capacity > 0))
    };
    let test = TestStore::at(&given("TEST_PREFIX"), &given("TEST_ENDPOINT"), settings).await;
    let operations = number("HISTORY_OPERATIONS", 3);
    ready_and_wait();
    let tasks = (0..TASKS).map(|task| {
        let (test, process) = (&test, process.as_str());
        async move {
            let mut random = Rng::with_seed(
                given("TEST_SEED").parse::<u64>().expect("a seed") * 1000 + task as u64,
            );
            let mut events: Vec<Event> = Vec::new();
            for operation in 0..operations {
                let user = USERS[random.usize(..USERS.len())];
                let partial = match events
                    .iter()
                    .rev()
                    .find(|event| event.user == user && random.bool())
                {
                    // The previous value, which may be outdated: then no token is found.
                    Some(Event {
                        returned: Some(returned),
                        ..
                    }) if random.bool() => {
                        format!("access_token={}", returned["access_token"])
                    }
                    _ => format!("user_name={user}"),
                };
                if random.u8(..10) < 4 {
                    let unique = format!("{process}-{task}-{operation}");
                    events.push(save(test, process, user, &unique, || random.bool()).await);
                } else {
                    let began = now();
                    match test.store.find_token(&token(&partial)).await {
                        Ok(None) => {
                            assert!(partial.starts_with("access"), "{user} should be found")
                        }
                        found => events.push(event(
                            process,
                            user,
                            began,
                            BTreeMap::new(),
                            found,
                            capacity > 0,
                        )),
                    }
                }
            }
            events
        }
    });
    let tasks = join_all(tasks).await;
    // Printed at the end, because a full pipe would block the processes.
    for event in tasks.iter().flatten() {
        println!("\n{}", event.to_line());
    }
}

/// Runs one round with eight processes, and returns their events.
async fn round(seed: usize, cache_capacity: &str, endpoint: &str) -> Vec<Event> {
    let test = TestStore::new().await;
    let mut events = Vec::new();
    for user in USERS {
        events.push(save(&test, "first", user, &format!("first-{user}"), || true).await);
    }
    let processes: Vec<_> = (0..PROCESSES)
        .map(|process| {
            (
                format!("p{process}"),
                (seed * PROCESSES + process).to_string(),
            )
        })
        .collect();
    let variables = processes.iter().map(|(process, seed)| {
        vec![
            ("TEST_PREFIX", test.prefix.as_str()),
            ("TEST_ENDPOINT", endpoint),
            ("TEST_PROCESS", process),
            ("TEST_SEED", seed),
            ("TEST_CACHE_CAPACITY", cache_capacity),
        ]
    });
    let variables: Vec<_> = variables.collect();
    let printed = run_at_once(
        "concurrency::histories::worker_that_uses_few_records",
        &variables,
    );
    let lines = printed.iter().flat_map(|printed| printed.lines());
    events.extend(lines.filter_map(Event::from_line));

    let last = test.another().await;
    for user in USERS {
        let began = now();
        let found = last
            .store
            .find_token(&token(&format!("user_name={user}")))
            .await;
        events.push(event("last", user, began, BTreeMap::new(), found, false));
    }
    assert_eq!(
        test.secrets.all().await.len(),
        USERS.len(),
        "every record should be stored once"
    );
    events
}

async fn rounds(cache_capacity: &str) {
    for seed in 0..number("HISTORIES", 1) {
        let events = round(seed, cache_capacity, front::open()).await;
        let saves = events.iter().filter(|event| !event.wrote.is_empty());
        let failed = events.iter().filter(|event| event.returned.is_none());
        println!(
            "{} operations, {} of them saves, {} failed",
            events.len(),
            saves.count(),
            failed.count()
        );
        let wrong = violations(&events);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_without_a_cache_have_a_linearizable_history() {
    rounds("0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_with_a_cache_lose_no_save_and_do_not_go_back_in_time() {
    rounds("1000").await;
}
