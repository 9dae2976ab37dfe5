//! Secrets as the first versions wrote them: documents that name no tags, and index tags without a
//! write id in their keys.

use std::collections::BTreeSet;

use zoho_token_store::OAuthToken;

use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::{KEYS_OF_ADA, id, in_client, login, token};

/// The keys of index tags in the former layout: of each field with the current value, the value
/// before, and the previous fingerprint key.
const FIELDS: [&str; 4] = ["user", "access", "grant", "refresh"];
const SUFFIXES: [&str; 3] = ["", "-before", "-former-key"];

/// Returns Ada's record in the former layout, in a store that has read nothing yet.
async fn ada_in_the_former_layout() -> (TestStore, OAuthToken) {
    let current = TestStore::new().await;
    let ada = current.save(&login("ada")).await;
    let mut document = current.secrets.document(id(&ada)).await;
    document.retain(|name, _| !name.starts_with('_'));
    let index = current.secrets.index(id(&ada)).await;

    let test = TestStore::new().await;
    let mut tags = vec![(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned())];
    for field in FIELDS {
        for suffix in SUFFIXES {
            let value = match suffix {
                "" => index[field].value.clone(),
                _ => "of an earlier value".to_owned(),
            };
            tags.push((format!("zoho-token-store:{field}{suffix}"), value));
        }
    }
    let tags: Vec<_> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    let text = serde_json::Value::from(document).to_string();
    test.secrets.create(id(&ada), Some(&text), &tags).await;
    (test, ada)
}

async fn is_found_by_every_key(test: &TestStore, record: &OAuthToken, keys: [&str; 4]) {
    let process = test
        .another_with(|builder| builder.cache_capacity(None))
        .await;
    for key in keys {
        let found = process.find(&in_client(key)).await;
        assert_eq!(found.as_ref(), Some(record), "{key}");
    }
}

/// Checks that the secret has the tags of the current layout and no others.
async fn has_only_current_tags(test: &TestStore, id: &str) {
    let index = test.secrets.index(id).await;
    let keys = index.values().map(|tag| tag.key.clone());
    let expected: BTreeSet<_> = keys.chain([MANAGED_BY.0.to_owned()]).collect();
    assert_eq!(index.len(), FIELDS.len());
    let tags: BTreeSet<_> = test.secrets.tags(id).await.into_keys().collect();
    assert_eq!(tags, expected);
}

#[tokio::test]
async fn a_record_in_the_former_layout_is_found_and_the_next_save_replaces_its_tags() {
    let (test, ada) = ada_in_the_former_layout().await;
    is_found_by_every_key(&test, &ada, KEYS_OF_ADA).await;
    let saved = test.save(&token("user_name=ada access_token=a2")).await;
    assert_eq!(saved.id(), ada.id());
    has_only_current_tags(&test, id(&ada)).await;
    let keys = [
        "user_name=ada",
        "access_token=a2",
        "grant_token=g-ada",
        "refresh_token=r-ada",
    ];
    is_found_by_every_key(&test, &saved, keys).await;
}

#[tokio::test]
async fn reindex_replaces_the_tags_of_the_former_layout() {
    let (test, ada) = ada_in_the_former_layout().await;
    let reindexed = test.store.reindex().await;
    assert_eq!(reindexed.expect("the record is tagged again"), 1);
    has_only_current_tags(&test, id(&ada)).await;
    is_found_by_every_key(&test, &ada, KEYS_OF_ADA).await;
    let again = test.store.reindex().await;
    assert_eq!(again.expect("nothing is left to do"), 0);
}
