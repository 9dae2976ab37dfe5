//! How a record is stored in Secrets Manager (name, value, tags), and that a tag alone never
//! determines the result of a lookup.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use zoho_token_store::{Field, TokenStore};

use crate::support::fingerprint_key::FingerprintKey;
use crate::support::front::{self, Front, Reaction};
use crate::support::secrets::{IndexTag, MANAGED_BY, is_write_id};
use crate::support::store::TestStore;
use crate::support::token::{KEYS_OF_ADA, id, in_client, login, token};
use crate::support::wait::until;

/// The names of the indexed fields in tags and in their values.
const INDEXED: [(&str, &str); 4] = [
    ("user", "user_name"),
    ("access", "access_token"),
    ("grant", "grant_token"),
    ("refresh", "refresh_token"),
];

/// What the store notes in a document beside the token's fields and the schema version.
const NOTES: [&str; 4] = ["_write_id", "_index", "_replaced_index", "_unsettled"];

/// Removes the store's notes from a document and returns them.
fn take_notes(document: &mut Map<String, Value>) -> BTreeMap<&'static str, String> {
    let notes = NOTES.iter().filter_map(|name| {
        let value = document.remove(*name)?;
        Some((*name, value.as_str().expect("a note is text").to_owned()))
    });
    let notes: BTreeMap<_, _> = notes.collect();
    assert!(is_write_id(&notes["_write_id"]), "{notes:?}");
    notes
}

/// Returns the text that names the tags of all indexed fields, each added by this write.
fn all_of(write_id: &str) -> String {
    let parts = INDEXED.map(|(field, _)| format!("{field}:{write_id}"));
    parts.join(" ")
}

#[tokio::test]
async fn the_name_is_the_prefix_and_the_encoded_id() {
    let test = TestStore::new().await;
    for (id, name) in [
        ("plain_1", "plain_1"),
        ("a/b=ü", "a=2Fb=3D=C3=BC"),
        ("end-abcdef", "end-abcdef="),
    ] {
        let saved = test
            .store
            .save_token(
                &login("ada")
                    .to_builder()
                    .id(id)
                    .build()
                    .expect("a valid token"),
            )
            .await;
        assert_eq!(saved.expect("the save should succeed").id(), Some(id));
        assert!(test.secrets.current(name).await.is_some(), "{name}");
    }
    assert_eq!(test.secrets.all().await.len(), 3);
}

#[tokio::test]
async fn the_value_is_a_flat_object_of_the_given_fields_and_the_schema_version() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let mut expected = serde_json::Map::from_iter([("schema_version".to_owned(), json!("1"))]);
    for &field in Field::ALL {
        let value = ada.expose(field).expect("a login sets every field");
        expected.insert(field.to_string(), json!(value));
    }
    let mut document = test.secrets.document(id(&ada)).await;
    let notes = take_notes(&mut document);
    assert_eq!(document, expected);
    let write_id = notes["_write_id"].clone();
    let expected = BTreeMap::from([
        ("_index", all_of(&write_id)),
        ("_unsettled", all_of(&write_id)),
        ("_write_id", write_id),
    ]);
    assert_eq!(notes, expected);

    let bare = test.save(&token("id=bare access_token=a")).await;
    let mut document = test.secrets.document(id(&bare)).await;
    let notes = take_notes(&mut document);
    let expected = json!({"schema_version": "1", "id": "bare", "access_token": "a"});
    assert_eq!(json!(document), expected);
    let write_id = notes["_write_id"].clone();
    let expected = BTreeMap::from([
        ("_index", format!("access:{write_id}")),
        ("_write_id", write_id),
    ]);
    assert_eq!(notes, expected, "nobody else inserts a given id");
}

#[tokio::test]
async fn a_save_keeps_unknown_fields() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let mut document = test.secrets.document(id(&ada)).await;
    document.insert("scope".into(), json!("ZohoCRM.modules.ALL"));
    test.secrets
        .put(id(&ada), &json!(document).to_string())
        .await;

    test.save(&token("user_name=ada access_token=a2")).await;
    let before = take_notes(&mut document);
    document.insert("access_token".into(), json!("a2"));
    document.remove("expiry_time");
    let mut saved = test.secrets.document(id(&ada)).await;
    let after = take_notes(&mut saved);
    assert_eq!(saved, document);

    let replaced = format!("access:{}", before["_write_id"]);
    let added = format!("access:{}", after["_write_id"]);
    assert_ne!(added, replaced, "each write should have an id of its own");
    assert_eq!(after["_index"], before["_index"].replace(&replaced, &added));
    assert_eq!(after["_replaced_index"], replaced);
}

#[tokio::test]
async fn each_lookup_key_has_a_tag_with_a_fingerprint_of_fixed_length() {
    let test = TestStore::with(|builder| builder.tag("team", "crm")).await;
    let ada = test.save(&login("ada")).await;
    let mut tags = test.secrets.tags(id(&ada)).await;
    assert_eq!(tags.remove(MANAGED_BY.0).as_deref(), Some(MANAGED_BY.1));
    assert_eq!(tags.remove("team").as_deref(), Some("crm"));
    let index = test.secrets.index(id(&ada)).await;
    for (field, kind) in INDEXED {
        let tag = index.get(field).expect("every lookup key has a tag");
        let value = tags.remove(&tag.key).expect("the tag is listed");
        let digest = value
            .strip_prefix(&format!("{kind}:"))
            .expect("the value begins with its kind");
        assert!(
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{value}"
        );
    }
    assert_eq!(tags, BTreeMap::new());
}

#[tokio::test]
async fn configured_tags_are_added_when_a_record_is_tagged_again() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let process = test
        .another_with(|builder| builder.tag("team", "crm"))
        .await;
    process.save(&token("user_name=ada access_token=a2")).await;
    assert_eq!(
        test.secrets
            .tags(id(&ada))
            .await
            .get("team")
            .map(String::as_str),
        Some("crm")
    );
}

#[tokio::test]
async fn metadata_shows_no_user_and_no_token() {
    let test = TestStore::new().await;
    let ada = login("ada-marker")
        .to_builder()
        .client_secret("client-marker")
        .build()
        .expect("a valid token");
    let ada = test.save(&ada).await;
    test.save(&token("user_name=ada-marker access_token=a-marker-2"))
        .await;
    let shown = format!(
        "{:?} {:?}",
        test.secrets.describe(id(&ada)).await,
        test.secrets.all().await
    );
    assert!(
        shown.contains(id(&ada)) && !shown.contains("marker"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_configured_kms_key_is_used() {
    let test = TestStore::with(|builder| builder.kms_key_id("alias/tokens")).await;
    let ada = test.save(&login("ada")).await;
    assert_eq!(
        test.secrets.describe(id(&ada)).await.kms_key_id(),
        Some("alias/tokens")
    );
}

#[tokio::test]
async fn a_fingerprint_key_changes_every_fingerprint() {
    let (public, keyed) = (
        TestStore::new().await,
        TestStore::with(|builder| builder.fingerprint_key("sixteen random bytes")).await,
    );
    let one = public.save(&login("ada")).await;
    let other = keyed.save(&login("ada")).await;
    let fingerprints = async |test: &TestStore, id: &str| {
        let mut tags = test.secrets.tags(id).await;
        tags.remove(MANAGED_BY.0);
        tags.into_values()
            .chain([id.to_owned()])
            .collect::<BTreeSet<_>>()
    };
    let (one, other) = (
        fingerprints(&public, id(&one)).await,
        fingerprints(&keyed, id(&other)).await,
    );
    assert_eq!((one.len(), other.len()), (5, 5));
    assert!(one.is_disjoint(&other));
}

#[tokio::test]
async fn a_fingerprint_key_can_be_read_from_a_secret() {
    let test = TestStore::new().await;
    let key = FingerprintKey::new("sixteen random bytes").await;
    let by_name = test
        .another_with(|builder| builder.fingerprint_key_secret(&key.name))
        .await;
    let given = test
        .another_with(|builder| builder.fingerprint_key("sixteen random bytes"))
        .await;
    let ada = by_name.save(&login("ada")).await;
    let found = given.find(&token("access_token=a-ada")).await;
    assert_eq!(found, Some(ada));
}

#[tokio::test]
async fn a_record_is_found_by_its_new_keys_and_not_by_its_old_ones() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let keys = "user_name=eve access_token=a2 grant_token=g2 refresh_token=r2";
    let changed = token(&format!("id={} {keys}", id(&ada)));
    let changed = test.save(&changed).await;

    let process = test.another().await;
    for store in [&test.store, &process.store] {
        for pair in keys.split(' ') {
            let partial = in_client(pair);
            let found = store
                .find_token(&partial)
                .await
                .expect("the operation should succeed");
            assert_eq!(found.as_ref(), Some(&changed), "{pair}");
        }
        for pair in KEYS_OF_ADA {
            let partial = in_client(pair);
            let found = store
                .find_token(&partial)
                .await
                .expect("the operation should succeed");
            assert_eq!(found, None, "{pair}");
        }
    }
}

#[tokio::test]
async fn a_record_that_is_tagged_but_not_yet_put_is_found_by_its_old_key() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let front = Front::new(|request| match request.action.as_str() {
        "PutSecretValue" => Reaction::Silence,
        _ => Reaction::Forward,
    })
    .await;
    let writer = test.another_behind(&front).await.store;
    let change = token("user_name=ada access_token=a2");
    let save = tokio::spawn(async move { writer.save_token(&change).await });
    until("the writer has tagged", async || {
        front.seen("PutSecretValue") == 1
    })
    .await;
    save.abort();
    let tags = test.secrets.tags(id(&ada)).await.into_values();
    let of_access = tags.filter(|value| value.starts_with("access_token:"));
    assert_eq!(of_access.count(), 2, "the old key's tag and the new one's");

    let process = test.another().await;
    let found = process.find(&token("access_token=a-ada")).await;
    assert_eq!(found.as_ref().map(id), Some(id(&ada)));
    assert_eq!(process.find(&token("access_token=a2")).await, None);
}

#[tokio::test]
async fn a_tag_of_another_records_key_does_not_return_the_wrong_record() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let bob = test.save(&login("bob")).await;
    let of_ada = test.secrets.index(id(&ada)).await;
    for (field, _) in INDEXED {
        let IndexTag { key, value } = &of_ada[field];
        test.secrets.tag(id(&bob), key, value).await;
        test.secrets.tag(id(&ada), key, "gone").await;
    }
    let process = test.another().await;
    for pair in [
        "access_token=a-ada",
        "grant_token=g-ada",
        "refresh_token=r-ada",
    ] {
        let partial = in_client(pair);
        assert_eq!(process.find(&partial).await, None, "{pair}");
    }
    let found = process.find(&token("user_name=ada")).await;
    assert_eq!(found, Some(ada));
}

#[tokio::test]
async fn stores_with_nested_prefixes_do_not_see_each_other() {
    let outer = TestStore::new().await;
    let nested = format!("{}nested/", outer.prefix);
    let inner = TestStore::at(&nested, front::open(), |builder| builder).await;
    let ada = outer.save(&login("ada")).await;
    let bob = inner.save(&login("bob")).await;

    assert_eq!(outer.all().await, std::slice::from_ref(&ada));
    assert_eq!(inner.all().await, std::slice::from_ref(&bob));
    assert_eq!(outer.find(&token("access_token=a-bob")).await, None);
    assert_eq!(inner.find(&token("access_token=a-ada")).await, None);
    outer.delete_all().await;
    assert_eq!(inner.another().await.find_by_id(id(&bob)).await, Some(bob));
}
