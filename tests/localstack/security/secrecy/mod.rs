//! No log line, error, Debug output, panic message, secret name, tag, description or request shows
//! a user name, a token, a client secret or a fingerprint key in any case. Only a secret's value
//! holds them.

pub mod marker;
mod occasions;
pub mod shown;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use zoho_token_store::Deletion;

use futures::future::join_all;
use serde_json::json;
use tracing::Level;
use zoho_token_store::SecretsManagerTokenStoreBuilder as Builder;

use self::marker::{MARKER, Search, marked};
use self::occasions::*;
use self::shown::Shown;
use crate::support::child::{ready_and_wait, run_at_once};
use crate::support::front::{Front, Reaction, Request};
use crate::support::log::Log;
use crate::support::secrets::Secrets;
use crate::support::store::TestStore;

/// One AWS error for each kind of failure.
const REFUSALS: [(u16, &str); 9] = [
    (400, "AccessDeniedException"),
    (400, "LimitExceededException"),
    (400, "ResourceExistsException"),
    (400, "UnrecognizedClientException"),
    (400, "DecryptionFailure"),
    (400, "ThrottlingException"),
    (400, "InvalidParameterException"),
    (400, "ResourceNotFoundException"),
    (503, "InternalServiceError"),
];

const ACTIONS: [&str; 11] = [
    "GetSecretValue",
    "ListSecrets",
    "CreateSecret",
    "TagResource",
    "UntagResource",
    "PutSecretValue",
    "BatchGetSecretValue",
    "DescribeSecret",
    "RestoreSecret",
    "DeleteSecret",
    "ReplicateSecretToRegions",
];

/// Everything that others than the program itself can see.
#[derive(Default)]
struct Seen {
    shown: Shown,
    requests: Vec<Arc<Request>>,
    /// Names, descriptions and tags, as Secrets Manager returns them.
    metadata: Vec<String>,
}

impl Seen {
    fn and(mut self, other: Seen) -> Self {
        self.shown.texts.extend(other.shown.texts);
        self.shown.kinds.extend(other.shown.kinds);
        self.requests.extend(other.requests);
        self.metadata.extend(other.metadata);
        self
    }
}

/// A store and the server that receives its requests.
struct Watched {
    front: Front,
    test: TestStore,
}

impl Watched {
    async fn new(front: Front, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let test = TestStore::with_endpoint(front.endpoint(), settings).await;
        Watched { front, test }
    }

    async fn every_operation(self) -> Seen {
        let mut seen = Seen::default();
        let (shown, metadata) = (&mut seen.shown, &mut seen.metadata);
        let look = async || metadata.extend(described(&self.test.secrets).await);
        shown.every_operation(&self.test.store, look).await;
        seen.requests = self.front.requests();
        seen
    }
}

async fn described(secrets: &Secrets) -> Vec<String> {
    let mut described = Vec::new();
    for secret in secrets.all().await {
        let id = secret.name().and_then(|name| name.split_once('/'));
        let (_, id) = id.expect("the name should begin with the prefix");
        described.push(format!("{secret:?} {:?}", secrets.describe(id).await));
    }
    described
}

async fn forwarding() -> Front {
    Front::new(|_| Reaction::Forward).await
}

/// Returns a server that passes everything on but fails one action, each time in a different way.
async fn failing(action: &'static str) -> Front {
    let ways = AtomicUsize::new(0);
    Front::new(move |request| {
        if request.action != action {
            return Reaction::Forward;
        }
        match ways.fetch_add(1, Ordering::Relaxed) % (REFUSALS.len() + 2) {
            0 => Reaction::LoseResponse,
            1 => Reaction::Respond(json!({
                "ARN": "of the tests", "Name": "of the tests", "VersionId": "of the tests",
                "SecretString": {"not": "a text"}, "SecretList": 1,
            })),
            way => Reaction::Refuse {
                status: REFUSALS[way - 2].0,
                code: REFUSALS[way - 2].1,
                message: "of the tests",
            },
        }
    })
    .await
}

/// Returns stores with all settings that matter, and with calls that fail in every way.
async fn watched(keys: &Secrets) -> Vec<Watched> {
    let defaults = |builder| builder;
    let replicated = |builder: Builder| builder.replica_region("eu-west-1");
    let uncached = |builder: Builder| builder.cache_capacity(None).deletion(Deletion::Force);
    let keyed = |builder: Builder| builder.tag_index(false).fingerprint_key(marked("key"));
    let mut watched = vec![
        Watched::new(forwarding().await, defaults).await,
        Watched::new(forwarding().await, |builder| replicated(uncached(builder))).await,
        Watched::new(forwarding().await, keyed).await,
    ];
    for id in ["key", "short-key", "no-key"] {
        let name = keys.name(id);
        let keyed = |builder: Builder| builder.fingerprint_key_secret(name);
        watched.push(Watched::new(forwarding().await, keyed).await);
    }
    for action in ACTIONS {
        watched.push(Watched::new(failing(action).await, replicated).await);
    }
    for (status, code) in REFUSALS {
        let refuse = move |_: &Request| Reaction::Refuse {
            status,
            code,
            message: "of the tests",
        };
        watched.push(Watched::new(Front::new(refuse).await, defaults).await);
    }
    for (action, code) in [
        ("PutSecretValue", "LimitExceededException"),
        ("BatchGetSecretValue", "AccessDeniedException"),
    ] {
        let front = Front::refusing(action, 400, code, "of the tests").await;
        watched.push(Watched::new(front, defaults).await);
    }
    watched
}

/// Runs in a separate process, because the log is global to the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_logs_everything() {
    ready_and_wait();
    // The tests' own client logs request bodies, so its calls are made before the log is read.
    let damaged = damaged_records().await;
    let keys = fingerprint_keys().await;
    let log = Log::of_process(Level::TRACE);
    let watched = watched(&keys).await.into_iter();
    let watched = join_all(watched.map(Watched::every_operation)).await;
    let Seen {
        mut shown,
        requests,
        metadata,
    } = watched.into_iter().fold(Seen::default(), Seen::and);
    shown_when_out_of_reach(&mut shown).await;
    shown_when_damaged(&mut shown, &damaged).await;
    shown_when_served_stale(&mut shown).await;
    shown_when_invalid(&mut shown).await;
    shown_when_misconfigured(&mut shown).await;
    shown_of_other_types(&mut shown).await;
    shown_by_panics(&mut shown).await;

    everything_was_exercised(&log.text(), &shown, &requests, &metadata);
    nothing_is_found(&log.text(), &shown, &requests, &metadata);
}

/// Checks that the searched text contains what it should.
fn everything_was_exercised(
    log: &str,
    shown: &Shown,
    requests: &[Arc<Request>],
    metadata: &[String],
) {
    let events = |of: &[&str]| {
        log.lines()
            .filter(|line| of.iter().all(|text| line.contains(text)))
            .count()
    };
    assert!(
        events(&["DEBUG", "zoho_token_store"]) > 300,
        "the store's own events should be logged"
    );
    for warning in [
        "last known",
        "BatchGetSecretValue is not allowed",
        "deleting without a tombstone",
    ] {
        assert!(events(&["WARN", warning]) > 0, "{warning} should be logged");
    }
    for action in [
        "GetSecretValue",
        "CreateSecret",
        "PutSecretValue",
        "BatchGetSecretValue",
    ] {
        assert!(
            events(&["zoho_token_store", action]) > 10,
            "the store should log the call {action}"
        );
        let target = format!("secretsmanager.{action}");
        assert!(
            events(&["TRACE", "transmitting request", &target]) > 10,
            "the SDK should log its request {action}"
        );
    }
    // The values in this test could be encoded in a way that the search does not know.
    let bodies = ["transmitting request", "received response"];
    for body in log
        .lines()
        .filter(|line| bodies.iter().any(|of| line.contains(of)))
    {
        assert!(body.contains("inner: BoxBody"), "a body is logged: {body}");
    }
    let kinds: Vec<_> = shown.kinds.iter().copied().collect();
    let all = [
        "access_denied",
        "conflict",
        "decode",
        "encryption",
        "invalid_config",
        "invalid_token",
        "other",
        "quota_exceeded",
        "throttled",
        "too_large",
        "unauthenticated",
        "unavailable",
    ];
    assert_eq!(kinds, all, "there should be an error of every kind");
    let texts = shown.texts.len();
    assert!(texts > 1_000, "only {texts} texts were searched");
    assert!(
        metadata.len() > 10,
        "only {} secrets were described",
        metadata.len()
    );
    let mut made = BTreeMap::<_, usize>::new();
    for request in requests {
        *made.entry(request.action.as_str()).or_default() += 1;
    }
    for action in ACTIONS {
        assert!(made.get(action) > Some(&5), "{action} is in {made:?}");
    }
}

fn nothing_is_found(log: &str, shown: &Shown, requests: &[Arc<Request>], metadata: &[String]) {
    let search = Search::new();
    if search.finds(log) {
        let line = log.lines().find(|line| search.finds(line));
        panic!(
            "this should not be logged: {}",
            line.unwrap_or("on several lines")
        );
    }
    for text in shown.texts.iter().chain(metadata) {
        assert!(!search.finds(text), "this should not be shown: {text}");
    }
    // CloudTrail records every parameter of a call except the secret's value.
    let mut values = 0;
    for request in requests {
        let (action, head) = (&request.action, &request.head);
        let mut parameters = request.body.as_object().expect("an object").clone();
        if ["CreateSecret", "PutSecretValue"].contains(&action.as_str()) {
            let value = parameters
                .remove("SecretString")
                .expect("the request should have a value");
            values += usize::from(search.finds(&value.to_string()));
        }
        let parameters = json!(parameters).to_string();
        for text in [head, &parameters] {
            assert!(
                !search.finds(text),
                "this should not be in a request {action}: {text}"
            );
        }
    }
    assert!(values > 50, "only {values} requests hold a token");
}

#[test]
fn no_secret_is_logged_shown_or_sent_outside_a_value() {
    let key = ("ZOHO_TOKEN_STORE_FINGERPRINT_KEY", MARKER);
    run_at_once(
        "security::secrecy::worker_that_logs_everything",
        &[vec![key]],
    );
}
