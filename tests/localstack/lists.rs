//! Lists as AWS may give them: in pages, some of them empty, with a secret twice or gone already.

use std::collections::BTreeSet;

use futures::StreamExt;
use serde_json::{Value, json};
use zoho_token_store::{ErrorKind, OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// Two records, and lists of them in pages: the first is empty, and the last two name the same.
async fn two_records_in_pages() -> (TestStore, [OAuthToken; 2], Front) {
    let test = TestStore::new().await;
    let records = [
        test.save(&login("ada")).await,
        test.save(&login("bob")).await,
    ];
    let tags = json!([{"Key": MANAGED_BY.0, "Value": MANAGED_BY.1}]);
    let gone = test.secrets.name("gone");
    let names = records
        .each_ref()
        .map(|record| test.secrets.name(id(record)));
    let pages = [vec![], vec![&names[0], &gone], vec![&names[1], &names[0]]].map(|names| {
        names
            .iter()
            .map(|name| json!({"Name": name, "Tags": tags}))
            .collect::<Value>()
    });
    let front = Front::new(move |request| {
        if request.action != "ListSecrets" {
            return Reaction::Forward;
        }
        let page = request.body["NextToken"]
            .as_str()
            .map_or(0, |page| page.parse().expect("a page"));
        let mut list = json!({"SecretList": pages[page]});
        if page + 1 < pages.len() {
            list["NextToken"] = json!((page + 1).to_string());
        }
        Reaction::Answer(list)
    })
    .await;
    (test.another_behind(&front).await, records, front)
}

#[tokio::test]
async fn all_pages_are_read_and_each_record_once() {
    let (test, records, front) = two_records_in_pages().await;
    let all = test.all().await;
    let ids: BTreeSet<_> = all.iter().map(id).collect();
    assert_eq!(ids, records.iter().map(id).collect());
    assert_eq!((all.len(), front.seen("ListSecrets")), (2, 3));
    test.delete_all().await;
    assert_eq!(test.another().await.all().await, []);
}

#[tokio::test]
async fn a_key_is_looked_for_on_all_pages() {
    let (test, [_, bob], front) = two_records_in_pages().await;
    assert_eq!(test.find(&token("access_token=a-bob")).await, Some(bob));
    assert_eq!(front.seen("ListSecrets"), 3);
}

#[tokio::test]
async fn a_stream_of_all_tokens_goes_on_after_a_damaged_record() {
    let test = TestStore::new().await;
    test.secrets
        .create("damaged", Some("not JSON"), &[MANAGED_BY])
        .await;
    let ada = test.save(&login("ada")).await;
    let read: Vec<_> = test.store.tokens().collect().await;
    let (tokens, errors): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
    assert_eq!(
        tokens
            .into_iter()
            .filter_map(Result::ok)
            .collect::<Vec<_>>(),
        [ada]
    );
    let kinds: Vec<_> = errors
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.kind())
        .collect();
    assert_eq!(kinds, [ErrorKind::Decode]);
}

#[tokio::test]
async fn a_list_that_fails_halfway_is_an_error() {
    let front = Front::new(|request| match request.body.get("NextToken") {
        _ if request.action != "ListSecrets" => Reaction::Forward,
        None => Reaction::Answer(json!({"SecretList": [], "NextToken": "1"})),
        Some(_) => Reaction::Refuse {
            status: 400,
            code: "InvalidNextTokenException",
            message: "of the tests",
        },
    })
    .await;
    let test = TestStore::behind(&front).await;
    assert!(test.store.get_tokens().await.is_err());
    assert!(test.store.delete_tokens().await.is_err());
    assert!(
        test.store
            .find_token(&token("access_token=a"))
            .await
            .is_err()
    );
}
