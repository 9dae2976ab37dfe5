//! Documents that others have written by hand, in the console or with boto3
//! (`tests/corpus/document`): the store reads and keeps them, or refuses them and leaves them byte
//! for byte unchanged.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use zoho_token_store::{ErrorKind, TokenStore};

use super::foreign::is_left_alone;
use crate::support::front::Front;
use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::token;

/// The id in all of these documents.
const ID: &str = "1";

/// Returns the name and the text of each file in a folder of the corpus.
fn files(folder: &str) -> Vec<(String, String)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/document");
    let entries = fs::read_dir(corpus.join(folder)).expect("the corpus should exist");
    let files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("the secret should be readable").path();
            let text = fs::read_to_string(&path).expect("the value should be text");
            (path.display().to_string(), text)
        })
        .collect();
    assert!(files.len() > 5, "the corpus should not be empty");
    files
}

async fn store_with_an_empty_secret() -> TestStore {
    let test = TestStore::new().await;
    test.secrets.create(ID, None, &[MANAGED_BY]).await;
    test
}

/// Checks that operations on all records do not change this one either.
async fn is_left_alone_among_all(test: &TestStore, file: &str) {
    let before = test.secrets.current(ID).await;
    for error in [
        test.store.get_tokens().await.err(),
        test.store.delete_tokens().await.err(),
        test.store.reindex().await.err(),
    ] {
        let error = error.unwrap_or_else(|| panic!("{file} should be refused"));
        assert_eq!(error.kind(), ErrorKind::Decode, "{file}: {error}");
    }
    assert_eq!(test.secrets.current(ID).await, before, "{file}");
    assert!(!test.secrets.is_marked_for_deletion(ID).await, "{file}");
}

#[tokio::test]
async fn a_refused_document_is_not_changed() {
    let test = store_with_an_empty_secret().await;
    for (file, text) in files("refused") {
        test.secrets.put(ID, &text).await;
        is_left_alone(&test, ID).await;
        is_left_alone_among_all(&test, &file).await;
        let current = test.secrets.current(ID).await;
        let kept = current.and_then(|current| current.text);
        assert_eq!(kept.as_deref(), Some(text.as_str()), "{file}");
    }
}

/// boto3 writes this for `SecretBinary=json.dumps(…)`.
#[tokio::test]
async fn a_document_in_a_binary_secret_is_not_changed() {
    let test = store_with_an_empty_secret().await;
    // LocalStack cannot return a binary value in a batch; without batches the store reads one by
    // one.
    let denied = Front::refusing("BatchGetSecretValue", 400, "AccessDeniedException", "no").await;
    let process = test.another_behind(&denied).await;
    for (file, text) in files("read") {
        test.secrets.put_binary(ID, text.as_bytes()).await;
        is_left_alone(&test, ID).await;
        is_left_alone_among_all(&process, &file).await;
    }
}

/// Returns the document without what the store notes about its own writes.
async fn fields(test: &TestStore) -> Map<String, Value> {
    let mut document = test.secrets.document(ID).await;
    document.retain(|name, _| !["_write_id", "_index", "_replaced_index"].contains(&name.as_str()));
    document
}

#[tokio::test]
async fn a_save_keeps_every_field_of_a_document() {
    let test = store_with_an_empty_secret().await;
    for (file, text) in files("read") {
        test.secrets.put(ID, &text).await;
        let process = test.another().await;
        let read = process
            .find_by_id(ID)
            .await
            .expect("the document should be readable");
        assert_eq!(process.all().await, std::slice::from_ref(&read), "{file}");
        let mut expected: Map<String, Value> =
            serde_json::from_str(&text).expect("the document should be JSON");
        // The same number without leading zeros.
        expected.insert("expiry_time".into(), "1700000000001".into());
        // Only a put tells whether a version is current, and only a put with the same bytes repeats
        // one. So a document that another program has formatted differently is written again once.
        assert_eq!(process.save(&read).await, read);
        assert_eq!(fields(&test).await, expected, "{file}");
        let written = test.secrets.current(ID).await;
        assert_eq!(process.save(&read).await, read);
        assert_eq!(
            test.secrets.current(ID).await,
            written,
            "{file} should not be written without a change"
        );

        process.save(&token("id=1 api_domain=d")).await;
        expected.insert("api_domain".into(), "d".into());
        assert_eq!(fields(&test).await, expected, "{file}");
    }
}
