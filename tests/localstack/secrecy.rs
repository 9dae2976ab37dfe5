//! No log line, error or Debug output shows a user, a token or a client secret, whatever happens.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt;
use tracing::Level;
use zoho_token_store::{Error, Field, OAuthToken, SecretsManagerTokenStore, TokenStore};

use crate::support::child::{ready_and_wait, run_at_once};
use crate::support::front::{self, Front, Reaction};
use crate::support::log::Log;
use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::{id, token};
use crate::support::wait::until;

/// What all values begin with that must not be shown.
const MARKER: &str = "confidential";

fn whole(number: usize) -> OAuthToken {
    token(&format!(
        "user_name={MARKER}-user-{number} client_id=c client_secret={MARKER}-client \
         refresh_token={MARKER}-refresh-{number} access_token={MARKER}-access-{number} \
         grant_token={MARKER}-grant-{number} expiry_time=4102444800000"
    ))
}

/// What a program may print of what it was given.
#[derive(Default)]
struct Shown(Vec<String>);

impl Shown {
    fn debug(&mut self, what: &dyn Debug) {
        self.0.push(format!("{what:?} {what:#?}"));
    }

    fn result<T: Debug>(&mut self, result: Result<T, Error>) {
        match result {
            Ok(value) => self.debug(&value),
            Err(error) => {
                let mut cause: Option<&dyn StdError> = Some(&error);
                while let Some(error) = cause {
                    self.0.push(error.to_string());
                    self.debug(&error);
                    cause = error.source();
                }
            }
        }
    }

    async fn every_operation(&mut self, store: &SecretsManagerTokenStore) {
        self.debug(store);
        self.result(store.find_token(&whole(1)).await);
        let saved = store.save_token(&whole(1)).await;
        let id = saved.as_ref().map_or("unknown", id).to_owned();
        self.result(saved);
        self.result(store.save_token(&whole(1)).await);
        let changed = token(&format!(
            "id={id} user_name={MARKER}-user-2 access_token={MARKER}-access-2"
        ));
        self.result(store.save_token(&changed).await);
        self.result(store.save_token(&whole(3)).await);
        for key in ["user_name", "access_token", "grant_token", "refresh_token"] {
            let kind = key.split_once('_').map_or(key, |(kind, _)| kind);
            let partial =
                format!("{key}={MARKER}-{kind}-3 client_id=c client_secret={MARKER}-client");
            self.result(store.find_token(&token(&partial)).await);
        }
        store.invalidate(&id);
        self.result(store.find_token_by_id(&id).await);
        self.result(store.get_tokens().await);
        let tokens: Vec<_> = store.tokens().collect().await;
        tokens.into_iter().for_each(|token| self.result(token));
        self.result(store.delete_token(&id).await);
        self.result(store.save_token(&changed).await);
        self.result(store.delete_tokens().await);
    }
}

/// A front that passes everything on but fails one action, each time in another way.
async fn failing(action: &'static str) -> Front {
    let ways = std::sync::atomic::AtomicUsize::new(0);
    Front::new(move |request| {
        if request.action != action {
            return Reaction::Forward;
        }
        let refuse = |status, code| Reaction::Refuse {
            status,
            code,
            message: "of the tests",
        };
        match ways.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 4 {
            0 => refuse(400, "AccessDeniedException"),
            1 => Reaction::LoseAnswer,
            2 => refuse(400, "LimitExceededException"),
            _ => refuse(400, "ResourceExistsException"),
        }
    })
    .await
}

/// In a process of its own, for the log is the process's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by another test, in a process of its own"]
async fn worker_that_logs_everything() {
    ready_and_wait();
    // The tests' own client hides nothing, so its calls are made before.
    let damaged = damaged_records().await;
    let log = Log::of_process(Level::TRACE);
    let mut shown = Shown::default();

    let test = TestStore::new().await;
    shown.every_operation(&test.store).await;
    let uncached = test
        .another_with(|builder| builder.cache_capacity(0).recovery_window_days(0))
        .await;
    shown.every_operation(&uncached.store).await;
    let keyed = TestStore::with(|builder| {
        builder
            .tag_index(false)
            .fingerprint_key(format!("{MARKER} key"))
    })
    .await;
    shown.every_operation(&keyed.store).await;

    for action in [
        "GetSecretValue",
        "ListSecrets",
        "CreateSecret",
        "TagResource",
        "PutSecretValue",
        "BatchGetSecretValue",
        "DescribeSecret",
        "RestoreSecret",
        "DeleteSecret",
    ] {
        let front = failing(action).await;
        let test = TestStore::behind(&front).await;
        shown.every_operation(&test.store).await;
    }
    let nothing = front::nothing().await;
    let test = TestStore::at("test-nothing/", &nothing, |builder| {
        builder.operation_timeout(Duration::from_millis(300))
    })
    .await;
    shown.every_operation(&test.store).await;

    shown_when_damaged(&mut shown, &damaged).await;
    shown_when_served_stale(&mut shown).await;
    shown_when_invalid(&mut shown);

    let log = log.text();
    let events = |of: &[&str]| {
        log.lines()
            .filter(|line| of.iter().all(|text| line.contains(text)))
            .count()
    };
    assert!(
        events(&["DEBUG", "zoho_token_store"]) > 300,
        "the store's own events are there"
    );
    assert!(
        events(&["WARN", "last known"]) > 0,
        "a stale record was served"
    );
    let requests = |action| events(&["TRACE", "transmitting request", action]);
    assert!(
        requests("secretsmanager.GetSecretValue") > 100,
        "the SDK's requests are there"
    );
    // Whether the SDK shows what is in a request differs by its version, so none may be there that
    // holds a token.
    for action in ["CreateSecret", "PutSecretValue"] {
        assert!(
            events(&["zoho_token_store", action]) > 10,
            "the store says that it makes the call"
        );
        assert_eq!(requests(action), 0, "the SDK's request {action} is logged");
    }
    assert!(
        shown.0.len() > 300,
        "only {} texts were looked at",
        shown.0.len()
    );
    for text in log.lines().chain(shown.0.iter().map(String::as_str)) {
        assert!(!text.contains(MARKER), "this is shown: {text}");
    }
}

/// A store with records under the ids from 1 to 8, none of which can be read.
async fn damaged_records() -> TestStore {
    let test = TestStore::new().await;
    let damaged = [
        format!("{MARKER}-access"),
        format!(r#""{MARKER}-access""#),
        format!(r#"{{"access_token": "{MARKER}-access""#),
        format!(r#"{{"schema_version": "1", "id": "4", "access_token": ["{MARKER}-access"]}}"#),
        format!(r#"{{"schema_version": "1", "id": "{MARKER}-access", "access_token": "a"}}"#),
        format!(r#"{{"schema_version": "{MARKER}-access", "id": "6"}}"#),
        format!(r#"{{"schema_version": "1", "id": "7", "expiry_time": "{MARKER}-access"}}"#),
        format!(r#"{{"schema_version": "2", "id": "8", "access_token": "{MARKER}-access"}}"#),
    ];
    for (number, document) in (1..).zip(damaged) {
        test.secrets
            .create(&number.to_string(), Some(&document), &[MANAGED_BY])
            .await;
    }
    test
}

async fn shown_when_damaged(shown: &mut Shown, damaged: &TestStore) {
    for number in 1..=8 {
        let id = number.to_string();
        let record = whole(1)
            .to_builder()
            .id(&id)
            .build()
            .expect("a valid token");
        shown.result(damaged.store.find_token_by_id(&id).await);
        shown.result(damaged.store.save_token(&record).await);
    }
    shown.result(damaged.store.get_tokens().await);
    shown.result(damaged.store.delete_tokens().await);
}

async fn shown_when_served_stale(shown: &mut Shown) {
    let front = Front::new(|_| Reaction::Forward).await;
    let test = TestStore::with_endpoint(front.endpoint(), |builder| {
        let second = Duration::from_secs(1);
        builder
            .cache_time_to_live(second)
            .serve_stale_for(second * 60)
            .operation_timeout(second)
    })
    .await;
    shown.result(test.store.save_token(&whole(1)).await);
    drop(front);
    test.calls.take();
    until("a record is served stale", async || {
        shown.result(test.store.find_token(&whole(1)).await);
        test.calls.total() > 0
    })
    .await;
}

fn shown_when_invalid(shown: &mut Shown) {
    let large = "x".repeat(70_000);
    shown.result(
        OAuthToken::builder()
            .client_secret(format!("{MARKER}-client"))
            .build(),
    );
    shown.result(
        OAuthToken::builder()
            .id("")
            .user_name(format!("{MARKER}-user"))
            .build(),
    );
    let expiry_time = Field::ExpiryTime;
    shown.result(
        OAuthToken::builder()
            .id("1")
            .field(expiry_time, format!("{MARKER}-expiry"))
            .build(),
    );
    shown.debug(&whole(1).to_builder());
    shown.debug(&token(&format!("id=1 access_token={MARKER}-{large}")));
}

#[test]
fn nothing_confidential_is_logged_or_shown() {
    run_at_once("secrecy::worker_that_logs_everything", &[vec![]]);
}
