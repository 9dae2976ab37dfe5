//! A mixed load for `SOAK_SECONDS` under AWS's rules and with faults: all tokens are right at the
//! end, and memory, tasks and sockets do not grow. `make soak` runs an hour.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures::future::join_all;
use tokio::runtime::Handle;
use zoho_token_store::{OAuthToken, SecretsManagerTokenStoreBuilder as Builder, TokenStore};

use crate::support::child::{given, ready_and_wait, run_at_once};
use crate::support::environment::number;
use crate::support::fake_aws::{FakeAws, Faults, Rules};
use crate::support::store::TestStore;
use crate::support::token::{id, token};

const TASKS: usize = 16;
const USERS: usize = 200;
/// Fewer than the users, so that records are evicted.
const CACHED: u64 = 50;

fn seconds() -> u64 {
    number("SOAK_SECONDS").unwrap_or(8)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_right_after_a_mixed_load_with_faults() {
    let test = TestStore::new().await;
    let aws = FakeAws::new(Rules {
        faults: Faults::all(5.0),
        // This test saves a token more often than the limit per day allows.
        versions: usize::MAX,
        ..Rules::seeded(fastrand::u64(..))
    });
    let seconds = seconds().to_string();
    let variables = vec![
        ("TEST_PREFIX", test.prefix.as_str()),
        ("TEST_ENDPOINT", aws.endpoint()),
        ("SOAK_SECONDS", &seconds),
    ];
    let printed = run_at_once("resources::soak::worker_under_mixed_load", &[variables]);
    println!("{}", printed.concat());
    println!("injected: {:?}", aws.injected());

    // Compares what the process knows of its tokens with what AWS holds.
    let fresh = test.another().await;
    let known = printed
        .iter()
        .flat_map(|printed| printed.lines())
        .filter_map(|line| line.strip_prefix("known: "));
    let mut users = 0;
    for line in known {
        let (user, possible) = line
            .split_once(' ')
            .expect("a user and its possible values");
        let found = fresh.find(&token(&format!("user_name={user}"))).await;
        let found = found.as_ref().map_or("none", access_token);
        assert!(
            possible.split(' ').any(|value| value == found),
            "{user} has {found}, not {possible}"
        );
        users += 1;
    }
    assert_eq!(users, USERS);
    let mut names: Vec<_> = fresh
        .all()
        .await
        .iter()
        .map(|record| record.user_name().map(str::to_owned))
        .collect();
    let stored = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), stored, "a user is stored twice");
}

fn access_token(record: &OAuthToken) -> &str {
    record
        .expose(zoho_token_store::Field::AccessToken)
        .unwrap_or("no access token")
}

/// The possible values of a user's access token: that of the last successful save, and those that
/// failed saves and deletions since then may have left.
#[derive(Clone)]
struct Known(Vec<String>);

impl Known {
    fn is(&mut self, value: String) {
        self.0 = vec![value];
    }

    fn may_be(&mut self, value: String) {
        self.0.push(value);
    }

    fn allows(&self, found: Option<&OAuthToken>) -> bool {
        let found = found.map_or("none", access_token);
        self.0.iter().any(|value| value == found)
    }
}

/// Counts of what was done so far.
#[derive(Default)]
struct Done {
    operations: AtomicUsize,
    failures: AtomicUsize,
    kinds: Mutex<HashMap<String, usize>>,
}

impl Done {
    /// Counts the operation and, if it failed, the kind of its error.
    fn count<T>(&self, result: Result<T, zoho_token_store::Error>) -> Option<T> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        result
            .map_err(|error| {
                self.failures.fetch_add(1, Ordering::Relaxed);
                let mut kinds = self
                    .kinds
                    .lock()
                    .expect("no task should panic with the lock");
                *kinds.entry(format!("{:?}", error.kind())).or_default() += 1;
            })
            .ok()
    }
}

/// Runs in a separate process, because it measures the process's memory, tasks and sockets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by another test, in a separate process"]
async fn worker_under_mixed_load() {
    let settings = |builder: Builder| {
        builder
            .cache_capacity(CACHED)
            .attempt_timeout(Duration::from_secs(1))
            .operation_timeout(Duration::from_secs(10))
    };
    let test = TestStore::at(&given("TEST_PREFIX"), &given("TEST_ENDPOINT"), settings).await;
    let seconds = seconds();
    ready_and_wait();
    let (began, done) = (Instant::now(), Done::default());
    let until = began + Duration::from_secs(seconds);
    let work = join_all((0..TASKS).map(|task| work(&test, task, until, &done)));
    let (known, resources) = tokio::join!(work, watch(began, until, &done, &test));
    for (user, known) in known.iter().flatten() {
        println!("known: {user} {}", known.0.join(" "));
    }
    println!(
        "failed, by kind: {:?}",
        done.kinds
            .lock()
            .expect("no task should panic with the lock")
    );
    are_flat(&resources);
}

/// Runs one task: it alone writes its users' tokens, and it reads all users' tokens.
async fn work(test: &TestStore, task: usize, until: Instant, done: &Done) -> Vec<(String, Known)> {
    let mut random = Rng::new();
    let mut own: Vec<_> = (task..USERS)
        .step_by(TASKS)
        .map(|user| (format!("user-{user}"), Known(vec!["none".to_owned()])))
        .collect();
    let mut number = 0;
    while Instant::now() < until {
        // The pause keeps this a load, not a test of LocalStack's speed.
        tokio::time::sleep(Duration::from_millis(random.u64(..200))).await;
        let place = random.usize(..own.len());
        let (user, known) = &mut own[place];
        let ask = token(&format!("user_name={user}"));
        match random.u8(..100) {
            0..20 => {
                number += 1;
                let value = format!("a-{task}-{number}");
                let login = token(&format!(
                    "user_name={user} access_token={value} refresh_token=r-{task}-{number} client_id=c client_secret=s"
                ));
                match done.count(test.store.save_token(&login).await) {
                    Some(_) => known.is(value),
                    None => known.may_be(value),
                }
            }
            20..24 => {
                let Some(Some(found)) = done.count(test.store.find_token(&ask).await) else {
                    continue;
                };
                match done.count(test.store.delete_token(id(&found)).await) {
                    Some(()) => known.is("none".to_owned()),
                    None => known.may_be("none".to_owned()),
                }
            }
            24..60 => {
                if let Some(found) = done.count(test.store.find_token(&ask).await) {
                    assert!(
                        known.allows(found.as_ref()),
                        "{user} has {} instead of one of {:?}",
                        found.as_ref().map_or("none", access_token),
                        known.0
                    );
                    if let Some(found) = found.filter(|_| random.bool()) {
                        test.store.invalidate(id(&found));
                    }
                }
            }
            60..62 => drop(done.count(test.store.get_tokens().await)),
            _ => {
                let other = format!("user-{}", random.usize(..USERS));
                let found = done.count(
                    test.store
                        .find_token(&token(&format!("user_name={other}")))
                        .await,
                );
                let name = found
                    .flatten()
                    .and_then(|found| found.user_name().map(str::to_owned));
                assert!(
                    name.is_none_or(|name| name == other),
                    "{other} should not get another user's token"
                );
            }
        }
    }
    own
}

/// The resources that the process uses.
#[derive(Debug)]
struct Resources {
    resident_kilobytes: usize,
    open_files: usize,
    tasks: usize,
}

impl Resources {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|value| value.split_whitespace().next()?.parse().ok());
        Resources {
            resident_kilobytes: resident.unwrap_or(0),
            open_files: std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }
}

/// Records the process's resources at twenty points in time, at least a second apart.
async fn watch(began: Instant, until: Instant, done: &Done, test: &TestStore) -> Vec<Resources> {
    let pause = ((until - began) / 20).max(Duration::from_secs(1));
    let mut resources = Vec::new();
    while Instant::now() + pause < until {
        tokio::time::sleep(pause).await;
        // The list of calls must not grow either.
        test.calls.take();
        let now = Resources::now();
        eprintln!(
            "soak: {:4} s, {} operations, {} failed, {now:?}",
            began.elapsed().as_secs(),
            done.operations.load(Ordering::Relaxed),
            done.failures.load(Ordering::Relaxed),
        );
        resources.push(now);
    }
    resources
}

/// Checks that the second half of the time used hardly more than the first.
fn are_flat(resources: &[Resources]) {
    if resources.len() < 19 || cfg!(not(target_os = "linux")) {
        println!("soak: too short to tell whether memory grows");
        return;
    }
    let (first, second) = resources.split_at(resources.len() / 2);
    let most =
        |of: &[Resources], what: fn(&Resources) -> usize| of.iter().map(what).max().unwrap_or(0);
    let (before, after) = (
        most(first, |now| now.resident_kilobytes),
        most(second, |now| now.resident_kilobytes),
    );
    assert!(
        after < before + before / 10,
        "memory grew from {before} to {after} KB"
    );
    for what in [
        |now: &Resources| now.open_files,
        |now: &Resources| now.tasks,
    ] {
        let (before, after) = (most(first, what), most(second, what));
        assert!(
            after <= before + TASKS,
            "tasks or sockets grew from {before} to {after}"
        );
    }
}
