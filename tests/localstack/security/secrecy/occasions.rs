//! Situations in which a program shows its input: unreadable records, failing calls, refused
//! settings and tokens, panicking tasks.

use std::panic;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;
use zoho_token_store::conformance::Sequence;
use zoho_token_store::{
    Field, MemoryTokenStore, OAuthToken, SecretsManagerTokenStore,
    SecretsManagerTokenStoreBuilder as Builder, TokenStore,
};

use super::marker::{MARKER, marked};
use super::shown::{Shown, whole};
use crate::support::front::{self, Front, Reaction};
use crate::support::iam::FINGERPRINT_KEY_PREFIX;
use crate::support::secrets::{MANAGED_BY, Secrets};
use crate::support::store::TestStore;
use crate::support::wait::until;

/// Returns a store with records under the ids from 1 to 9, none of which can be read.
pub async fn damaged_records() -> TestStore {
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
        format!(r#"{{"schema_version": "1", "id": "9", "{MARKER}-access": 1}}"#),
    ];
    for (number, document) in (1..).zip(damaged) {
        test.secrets
            .create(&number.to_string(), Some(&document), &[MANAGED_BY])
            .await;
    }
    test
}

/// Creates three secrets: one with a fingerprint key, one with a short key, one with a binary
/// value.
pub async fn fingerprint_keys() -> Secrets {
    let prefix = format!("{FINGERPRINT_KEY_PREFIX}{}-", Uuid::new_v4());
    let keys = Secrets::below(&prefix).remove_on_drop();
    keys.create("key", Some(&marked("key")), &[]).await;
    keys.create("short-key", Some(MARKER), &[]).await;
    keys.create("no-key", None, &[]).await;
    keys.put_binary("no-key", MARKER.as_bytes()).await;
    keys
}

pub async fn shown_when_damaged(shown: &mut Shown, damaged: &TestStore) {
    for number in 1..=9 {
        let id = number.to_string();
        let record = whole("ada").to_builder().id(&id);
        let record = record.build().expect("a valid token");
        shown.result(damaged.store.find_token_by_id(&id).await);
        shown.result(damaged.store.save_token(&record).await);
        shown.result(damaged.store.delete_token(&id).await);
    }
    shown.result(damaged.store.get_tokens().await);
    shown.result(damaged.store.delete_tokens().await);
    shown.result(damaged.store.reindex().await);
}

pub async fn shown_when_served_stale(shown: &mut Shown) {
    let front = Front::new(|_| Reaction::Forward).await;
    let test = TestStore::with_endpoint(front.endpoint(), |builder| {
        let second = Duration::from_secs(1);
        builder
            .cache_time_to_live(second)
            .serve_stale_for(second * 60)
            .operation_timeout(second)
    })
    .await;
    shown.result(test.store.save_token(&whole("ada")).await);
    drop(front);
    test.calls.take();
    until("a record is served stale", async || {
        shown.result(test.store.find_token(&whole("ada")).await);
        test.calls.total() > 0
    })
    .await;
}

pub async fn shown_when_invalid(shown: &mut Shown) {
    let builder = OAuthToken::builder;
    let invalid = [
        builder().client_secret(marked("secret")),
        builder().refresh_token(marked("refresh")),
        builder().id("").user_name(marked("user")),
        builder().id("1").field(Field::ExpiryTime, marked("expiry")),
    ];
    for token in invalid {
        shown.debug(&token);
        shown.result(token.build());
    }
    let test = TestStore::new().await;
    let large = whole("ada").to_builder().client_id("x".repeat(70_000));
    let large = large.build().expect("a valid token");
    shown.result(test.store.save_token(&large).await);
    let nothing = builder().user_name(marked("user")).build();
    shown.result(
        test.store
            .save_token(&nothing.expect("a valid token"))
            .await,
    );
    shown.result(test.store.find_token_by_id("").await);
    shown.result(test.store.delete_token("").await);
}

pub async fn shown_when_out_of_reach(shown: &mut Shown) {
    let nothing = front::nothing().await;
    let test = TestStore::at("test-nothing/", &nothing, |builder| {
        builder.operation_timeout(Duration::from_millis(300))
    });
    let store = test.await.store;
    shown.every_operation(&store, async || {}).await;
}

/// The environment of this process has a key that is too short.
pub async fn shown_when_misconfigured(shown: &mut Shown) {
    shown.result(Builder::from_env());
    shown.result(SecretsManagerTokenStore::from_env().await);
    let builder = SecretsManagerTokenStore::builder;
    shown.debug(&builder().fingerprint_key(marked("key")));
    shown.result(builder().fingerprint_key(MARKER).build().await);
}

pub async fn shown_of_other_types(shown: &mut Shown) {
    let store = MemoryTokenStore::new();
    shown.result(store.save_token(&whole("ada")).await);
    shown.result(store.find_token(&whole("ada")).await);
    shown.debug(&store);
    let token = whole("ada");
    shown.debug(&(
        token.to_builder(),
        token.client_secret(),
        token.access_token(),
    ));
    let operations = json!([
        {"op": "save", "token": {"access_token": marked("access"), "user_name": marked("user")}},
        {"op": "find", "token": {"user_name": marked("user")}},
        {"op": "list"},
    ]);
    let sequence = Sequence::from_json(&operations).expect("operations");
    shown.debug(&sequence);
    shown.debug(&sequence.replay(&store).await);
    let malformed = json!([{"op": "save", "token": {"user_name": [marked("user")]}}]);
    shown.error(&Sequence::from_json(&malformed).expect_err("the operation should be malformed"));
}

/// Tasks that panic with tokens in scope, as programs write them.
pub async fn shown_by_panics(shown: &mut Shown) {
    let messages = Arc::new(Mutex::new(Vec::new()));
    let (written, default) = (messages.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |panic| {
        written
            .lock()
            .expect("no task should panic with the lock")
            .push(panic.to_string());
    }));
    let invalid = || {
        OAuthToken::builder()
            .client_secret(marked("secret"))
            .build()
    };
    let tasks = [
        tokio::spawn(async { panic!("with {:?}", whole("ada")) }),
        tokio::spawn(async { assert_eq!(whole("ada"), whole("bob")) }),
        tokio::spawn(async { assert_eq!(Err(()), Ok::<_, ()>(whole("ada"))) }),
        tokio::spawn(async move { drop(invalid().expect("a valid token")) }),
    ];
    for task in tasks {
        let ended = task.await.expect_err("the task should panic");
        shown.debug(&ended);
        shown.error(&ended);
    }
    panic::set_hook(default);
    let messages = messages.lock().expect("no task should panic with the lock");
    assert_eq!(messages.len(), 4, "{messages:?}");
    shown.texts.extend(messages.iter().cloned());
}
