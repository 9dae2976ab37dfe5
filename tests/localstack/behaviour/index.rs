//! How a record is stored in Secrets Manager (name, value, tags), and that a tag alone never
//! determines the result of a lookup.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use zoho_token_store::{Field, TokenStore};

use crate::support::front;
use crate::support::secrets::{MANAGED_BY, Secrets};
use crate::support::store::TestStore;
use crate::support::token::{KEYS_OF_ADA, id, in_client, login, token};

const INDEX_TAGS: [(&str, &str); 4] = [
    ("zoho-token-store:user", "user_name"),
    ("zoho-token-store:access", "access_token"),
    ("zoho-token-store:grant", "grant_token"),
    ("zoho-token-store:refresh", "refresh_token"),
];

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
    assert_eq!(test.secrets.document(id(&ada)).await, expected);

    let bare = test.save(&token("id=bare access_token=a")).await;
    let expected = json!({"schema_version": "1", "id": "bare", "access_token": "a"});
    assert_eq!(json!(test.secrets.document(id(&bare)).await), expected);
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
    document.insert("access_token".into(), json!("a2"));
    document.remove("expiry_time");
    assert_eq!(test.secrets.document(id(&ada)).await, document);
}

#[tokio::test]
async fn each_lookup_key_has_a_tag_with_a_fingerprint_of_fixed_length() {
    let test = TestStore::with(|builder| builder.tag("team", "crm")).await;
    let ada = test.save(&login("ada")).await;
    let mut tags = test.secrets.tags(id(&ada)).await;
    assert_eq!(tags.remove(MANAGED_BY.0).as_deref(), Some(MANAGED_BY.1));
    assert_eq!(tags.remove("team").as_deref(), Some("crm"));
    for (key, kind) in INDEX_TAGS {
        let value = tags.remove(key).expect("every lookup key has a tag");
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
    let keys = Secrets::fingerprint_keys();
    keys.create("key", Some("sixteen random bytes"), &[]).await;
    let name = keys.name("key");
    let by_name = test
        .another_with(|builder| builder.fingerprint_key_secret(name))
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
    let before = test
        .secrets
        .current(id(&ada))
        .await
        .expect("the secret should be readable")
        .text
        .expect("the value should be text");
    test.save(&token("user_name=ada access_token=a2")).await;
    // The state after a writer that has tagged but not yet put.
    test.secrets.put(id(&ada), &before).await;
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
    let of_ada = test.secrets.tags(id(&ada)).await;
    for (key, _) in INDEX_TAGS {
        test.secrets.tag(id(&bob), key, &of_ada[key]).await;
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
