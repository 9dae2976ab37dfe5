//! Several stores on one secret, like several processes.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use futures::future::join_all;
use zoho_token_store::{
    DataCenter, ExposeSecret, OAuthToken, RefreshCoordination, Swap, TokenProvider,
};

use super::zoho::Zoho;
use crate::support::front;
use crate::support::store::TestStore;
use crate::support::token::token;
use crate::support::wait;

/// A token of a user that has expired.
pub fn expired(user: &str) -> OAuthToken {
    let columns = format!(
        "user_name={user} client_id=c client_secret=s refresh_token=r-{user} access_token=old-{user}"
    );
    let token = token(&columns).to_builder();
    token.expires_at(SystemTime::now()).build().unwrap()
}

pub fn provider(test: &TestStore, zoho: &Zoho) -> TokenProvider {
    let builder = TokenProvider::builder(test.store.clone()).data_center(DataCenter::Eu);
    builder.http_client(zoho.clone()).build().unwrap()
}

/// A clock that is so far ahead that every lease is old.
#[derive(Debug)]
struct Ahead;

impl TimeSource for Ahead {
    fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(1_200)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_meet_one_expiry_refresh_once_and_leave_no_lease() {
    let test = TestStore::new().await;
    let saved = test.save(&expired("ada")).await;
    let zoho = Zoho::default();
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(test.another().await);
    }
    let partial = token("user_name=ada");
    let providers: Vec<_> = processes.iter().map(|test| provider(test, &zoho)).collect();
    let callers = providers
        .iter()
        .flat_map(|provider| (0..13).map(|_| provider.access_token(&partial)));
    for access in join_all(callers).await {
        let access = access.expect("an access token");
        assert_eq!(access.value().expose_secret(), "new-1");
        assert!(access.is_saved());
    }
    assert_eq!(zoho.requests(), 1);
    let document = test.secrets.document(saved.id().unwrap()).await;
    assert_eq!(document["access_token"], "new-1");
    assert_eq!(document["accounts_url"], "https://accounts.zoho.eu");
    assert!(!document.contains_key("refresh_lease"));
}

#[test]
fn the_lease_of_a_process_that_crashed_is_taken_over() {
    let zoho = Zoho::default();
    zoho.be_silent(true);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let crashing = runtime();
    let (test, id) = crashing.block_on(async {
        let test = TestStore::new().await;
        let saved = test.save(&expired("ada")).await;
        let provider = provider(&test, &zoho);
        tokio::spawn(async move { provider.access_token(&token("user_name=ada")).await });
        wait::until("Zoho is asked", async || zoho.requests() == 1).await;
        (test, saved.id().unwrap().to_owned())
    });
    crashing.shutdown_background();
    runtime().block_on(async {
        let other = test.another().await;
        let document = other.secrets.document(&id).await;
        assert!(
            document["refresh_lease"]
                .as_str()
                .unwrap()
                .ends_with(":held")
        );
        zoho.be_silent(false);
        let provider = TokenProvider::builder(other.store.clone())
            .http_client(zoho.clone())
            .time_source(Ahead)
            .build()
            .unwrap();
        let access = provider
            .access_token(&token("user_name=ada"))
            .await
            .unwrap();
        assert_eq!(access.value().expose_secret(), "new-2");
        let document = other.secrets.document(&id).await;
        assert!(!document.contains_key("refresh_lease"));
        drop(test);
    });
}

#[tokio::test]
async fn a_swap_is_refused_if_the_record_has_changed_or_is_gone() {
    let test = TestStore::new().await;
    let saved = test.save(&expired("ada")).await;
    let id = saved.id().unwrap();
    let (one, other) = (&test.store, test.another().await);
    let read = one.read(id).await.unwrap().unwrap();
    let swap = one.swap(&read, read.token(), Some("mine")).await.unwrap();
    let Swap::Current(mine) = swap else {
        panic!("{swap:?}");
    };
    assert_eq!(mine.lease(), Some("mine"));
    let swap = other.store.swap(&read, read.token(), Some("other")).await;
    assert!(matches!(swap, Ok(Swap::Refused)), "{swap:?}");

    // A save of something else keeps the lease, one of another access token does not.
    other.save(&token("user_name=ada redirect_url=x")).await;
    let read = one.read(id).await.unwrap().unwrap();
    assert_eq!(read.lease(), Some("mine"));
    other.save(&token("user_name=ada access_token=b")).await;
    let read = one.read(id).await.unwrap().unwrap();
    assert_eq!(read.lease(), None);

    other.delete(id).await;
    let swap = one.swap(&read, read.token(), None).await;
    assert!(matches!(swap, Ok(Swap::Refused)), "{swap:?}");
    assert!(one.read(id).await.unwrap().is_none());
    assert_eq!(other.all().await, []);
}

#[tokio::test]
async fn a_record_that_was_rolled_back_by_hand_can_be_refreshed() {
    let test = TestStore::new().await;
    let saved = test.save(&expired("ada")).await;
    let id = saved.id().unwrap();
    let first = test.secrets.current(id).await.unwrap().version;
    test.save(&token("user_name=ada redirect_url=x")).await;
    test.secrets.put_back(id, &first).await;
    let other = TestStore::at(&test.prefix, front::open(), |builder| builder).await;
    let provider = provider(&other, &Zoho::default());
    let access = provider
        .access_token(&token("user_name=ada"))
        .await
        .unwrap();
    assert_eq!(access.value().expose_secret(), "new-1");
    assert!(access.is_saved());
}
