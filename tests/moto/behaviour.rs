//! What is tested: the contract, and what the store promises beyond it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use zoho_token_store::{
    OAuthToken, SecretsManagerTokenStoreBuilder as Builder, TokenStore, conformance,
};

use crate::server::{another, store};
use crate::support::front::{Front, Reaction};
use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::{KEYS_OF_ADA, id, in_client, login, token};

type Settings = fn(Builder) -> Builder;

pub async fn keeps_the_contract(settings: Settings) {
    // A test's secrets are removed when its `TestStore` is dropped.
    let mut tests = Vec::new();
    let empty_store = async || {
        let test = store(settings).await;
        let store = test.store.clone();
        tests.push(test);
        store
    };
    if let Err(deviations) = conformance::check(empty_store).await {
        panic!("{deviations}");
    }
}

/// Without a cache that knows the record: each lookup is the first of its store.
pub async fn finds_by_every_key(settings: Settings) {
    let test = store(settings).await;
    let ada = test.save(&login("ada")).await;
    test.save(&login("bob")).await;
    for key in KEYS_OF_ADA {
        let found = another(&test, settings).await.find(&in_client(key)).await;
        assert_eq!(found.as_ref(), Some(&ada), "{key}");
    }
    let none = another(&test, settings).await;
    assert_eq!(none.find(&token("user_name=eve")).await, None);
}

/// What a store finds without the tag index.
pub async fn finds_by_id_and_strongest_key(settings: Settings) {
    let test = store(settings).await;
    let ada = test.save(&login("ada")).await;
    test.save(&login("bob")).await;
    let process = another(&test, settings).await;
    assert_eq!(process.find_by_id(id(&ada)).await.as_ref(), Some(&ada));
    let process = another(&test, settings).await;
    assert_eq!(process.find(&token("user_name=ada")).await, Some(ada));
    let process = another(&test, settings).await;
    assert_eq!(process.find(&token("access_token=a-ada")).await, None);
}

pub async fn saves_after_a_deletion(settings: Settings) {
    let test = store(settings).await;
    let ada = test.save(&login("ada")).await;
    test.delete(id(&ada)).await;
    test.delete(id(&ada)).await;
    for test in [&test, &another(&test, settings).await] {
        assert_eq!(test.find_by_id(id(&ada)).await, None);
        assert_eq!(test.find(&token("user_name=ada")).await, None);
        assert_eq!(test.all().await, []);
    }

    // Nothing of the deleted record is in the new one.
    let process = another(&test, settings).await;
    let new = token("user_name=ada access_token=a2");
    let saved = process.save(&new).await;
    let expected = new.to_builder().id(id(&ada)).build();
    assert_eq!(saved, expected.expect("a valid token"));
    for test in [&test, &another(&test, settings).await] {
        test.store.invalidate(id(&ada));
        assert_eq!(
            test.find(&token("user_name=ada")).await,
            Some(saved.clone())
        );
        assert_eq!(test.all().await, std::slice::from_ref(&saved));
    }
    assert_eq!(test.secrets.all().await.len(), 1);
}

/// moto refuses to create a secret that is marked for deletion as if it existed. AWS names the
/// deletion.
pub async fn restores_what_it_cannot_create(settings: Settings) {
    let test = store(settings).await;
    let ada = test.save(&login("ada")).await;
    test.delete(id(&ada)).await;

    // The first read is old: it does not show the secret yet.
    let is_first = AtomicBool::new(true);
    let front = Front::new(move |request| {
        match request.action == "GetSecretValue" && is_first.swap(false, Ordering::Relaxed) {
            true => Reaction::Refuse {
                status: 400,
                code: "ResourceNotFoundException",
                message: "Secrets Manager can't find the specified secret.",
            },
            false => Reaction::Forward,
        }
    });
    let front = front.await;
    let process = TestStore::at(&test.prefix, front.endpoint(), settings).await;
    let saved = process.save(&login("ada")).await;
    assert_eq!(saved, ada);
    assert_eq!(front.seen("CreateSecret"), 1);
    assert_eq!(front.seen("RestoreSecret"), 1);
    let found = another(&test, settings).await.find_by_id(id(&ada)).await;
    assert_eq!(found, Some(ada));
}

/// AWS returns the labels of a version that is put again, and so does moto: the version is known to
/// be current, and no new one is needed.
pub async fn confirms_an_unchanged_save(settings: Settings) {
    let test = store(settings).await;
    let ada = test.save(&login("ada")).await;
    let before = test.secrets.current(id(&ada)).await;
    let process = another(&test, settings).await;
    assert_eq!(process.save(&login("ada")).await, ada);
    assert_eq!(process.calls.of("PutSecretValue"), 1);
    assert_eq!(test.secrets.current(id(&ada)).await, before);
}

/// Stores with caches of their own, like processes.
async fn processes(test: &TestStore, settings: Settings, number: usize) -> Vec<TestStore> {
    join_all((0..number).map(|_| another(test, settings))).await
}

pub async fn stores_a_new_user_once(settings: Settings) {
    let test = store(settings).await;
    let writers = processes(&test, settings, 12).await;
    let ada = login("ada");
    let saved = join_all(writers.iter().map(|writer| writer.save(&ada))).await;
    assert!(saved.iter().all(|other| *other == saved[0]));
    assert_eq!(test.secrets.all().await.len(), 1);
}

/// Each writer saves a field that no other writer saves: a save that is lost shows.
pub async fn loses_no_save(settings: Settings) {
    const FIELDS: [&str; 6] = [
        "client_id",
        "client_secret",
        "refresh_token",
        "grant_token",
        "redirect_url",
        "api_domain",
    ];
    const ROUNDS: usize = 2;
    let test = store(settings).await;
    let mut expected = test.save(&token("user_name=ada access_token=a")).await;
    let writers = processes(&test, settings, FIELDS.len()).await;
    for round in 0..ROUNDS {
        let given = FIELDS.map(|field| (field, format!("https://{field}-{round}.example")));
        let saves = writers
            .iter()
            .zip(&given)
            .map(async |(writer, (field, value))| {
                let given = format!("id={} {field}={value}", id(&expected));
                writer.save(&token(&given)).await
            });
        join_all(saves).await;
        expected = with_fields(&expected, &given);
        let stored = another(&test, settings)
            .await
            .find_by_id(id(&expected))
            .await;
        assert_eq!(stored.as_ref(), Some(&expected), "round {round}");
    }
    // One version for the insertion, and one for each save. Unlike AWS, moto lists all of them.
    let described = test.secrets.describe(id(&expected)).await;
    let versions = described.version_ids_to_stages.unwrap_or_default();
    assert_eq!(versions.len(), 1 + ROUNDS * FIELDS.len());
}

fn with_fields(token: &OAuthToken, fields: &[(&str, String)]) -> OAuthToken {
    let mut token = token.to_builder();
    for (field, value) in fields {
        token = token.field(field.parse().expect("the name of a field"), value);
    }
    token.build().expect("a valid token")
}

pub async fn reads_and_deletes_all(settings: Settings) {
    let test = store(settings).await;
    // More than BatchGetSecretValue reads at once.
    let logins = (0..25).map(|number| login(&format!("user{number}")));
    let saves = logins.map(async |login| test.save(&login).await);
    let saved: BTreeSet<_> = join_all(saves)
        .await
        .iter()
        .map(|token| id(token).to_owned())
        .collect();
    test.secrets.create("foreign", Some("{}"), &[]).await;
    test.secrets
        .create("without-value", None, &[MANAGED_BY])
        .await;

    for test in [&test, &another(&test, settings).await] {
        let all: BTreeSet<_> = test
            .all()
            .await
            .iter()
            .map(|token| id(token).to_owned())
            .collect();
        assert_eq!(all, saved);
    }
    another(&test, settings).await.delete_all().await;
    assert_eq!(another(&test, settings).await.all().await, []);
    assert!(test.secrets.current("foreign").await.is_some());
}

pub async fn reindexes(settings: Settings) {
    let test = store(settings).await;
    let ada = test.save(&login("ada")).await;
    let tags = test.secrets.tags(id(&ada)).await;
    for key in tags.keys().filter(|key| *key != MANAGED_BY.0) {
        test.secrets.untag(id(&ada), key).await;
    }
    let process = another(&test, settings).await;
    assert_eq!(process.find(&token("access_token=a-ada")).await, None);
    assert_eq!(process.store.reindex().await.ok(), Some(1));
    for key in KEYS_OF_ADA {
        let found = another(&test, settings).await.find(&in_client(key)).await;
        assert_eq!(found.as_ref(), Some(&ada), "{key}");
    }
    assert_eq!(process.store.reindex().await.ok(), Some(0));
}
