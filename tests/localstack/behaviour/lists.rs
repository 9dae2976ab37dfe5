//! Lists as AWS can return them: in pages, some of them empty, with duplicate or deleted secrets.

use std::collections::BTreeSet;

use futures::StreamExt;
use serde_json::{Value, json};
use zoho_token_store::{ErrorKind, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

/// Returns a server that lists these names, page by page.
async fn front_with_pages<const N: usize>(pages: [Vec<String>; N]) -> Front {
    let tags = json!([{"Key": MANAGED_BY.0, "Value": MANAGED_BY.1}]);
    let pages = pages.map(|names| {
        let secrets = names.iter().map(|name| json!({"Name": name, "Tags": tags}));
        secrets.collect::<Value>()
    });
    Front::new(move |request| {
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
        Reaction::Respond(list)
    })
    .await
}

#[tokio::test]
async fn every_page_is_read_and_each_record_returned_once() {
    let test = TestStore::new().await;
    let (ada, bob) = (
        test.save(&login("ada")).await,
        test.save(&login("bob")).await,
    );
    let [ada_name, bob_name, gone] = [id(&ada), id(&bob), "gone"].map(|id| test.secrets.name(id));
    let pages = [
        vec![],
        vec![ada_name.clone(), gone],
        vec![bob_name, ada_name],
    ];
    let front = front_with_pages(pages).await;

    let process = test.another_behind(&front).await;
    assert_eq!(
        process.find(&token("access_token=a-bob")).await,
        Some(bob.clone())
    );
    assert_eq!(
        front.seen("ListSecrets"),
        3,
        "a lookup should read all pages"
    );

    let process = test.another_behind(&front).await;
    let all = process.all().await;
    let ids: BTreeSet<_> = all.iter().map(id).collect();
    assert_eq!(ids, BTreeSet::from([id(&ada), id(&bob)]));
    assert_eq!(all.len(), 2);
    process.delete_all().await;
    assert_eq!(test.another().await.all().await, []);
}

#[tokio::test]
async fn the_token_stream_continues_after_a_damaged_record() {
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
async fn a_list_that_fails_on_a_later_page_is_an_error() {
    let front = Front::new(|request| match request.body.get("NextToken") {
        _ if request.action != "ListSecrets" => Reaction::Forward,
        None => Reaction::Respond(json!({"SecretList": [], "NextToken": "1"})),
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
