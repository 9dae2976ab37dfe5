//! Records that were inserted less than an hour ago: the same token that was inserted at the same
//! time under two names becomes one record, and records that only share a key stay apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join;
use tokio::sync::Notify;
use zoho_token_store::{Field, OAuthToken, TokenStore};

use crate::support::front::{Front, Reaction};
use crate::support::store::TestStore;
use crate::support::token::{id, in_client, token};
use crate::support::wait::until;

const WITHOUT_USER: &str = "refresh_token=r client_id=c client_secret=s access_token=a";
const WITH_USER: &str = "user_name=ada refresh_token=r client_id=c client_secret=s api_domain=d";

/// Returns a server that holds a creation back until it is notified, and that responds to later
/// requests only if the process is to go on.
async fn front_that_holds_the_creation(go: &Arc<Notify>, goes_on: bool) -> Front {
    let (go, has_created) = (go.clone(), AtomicBool::new(false));
    Front::new(move |request| {
        let has_created = match request.action.as_str() {
            "CreateSecret" => has_created.swap(true, Ordering::Relaxed),
            _ => has_created.load(Ordering::Relaxed),
        };
        match request.action.as_str() {
            _ if has_created && !goes_on => Reaction::Silence,
            "CreateSecret" => Reaction::ForwardWhen(go.clone()),
            _ => Reaction::Forward,
        }
    })
    .await
}

/// Checks that one record holds everything that was saved, and that each of its keys finds it.
async fn is_one_record(test: &TestStore) {
    let all = test.another().await.all().await;
    let [record] = &all[..] else {
        panic!("{} records are stored", all.len());
    };
    let values =
        [Field::UserName, Field::AccessToken, Field::ApiDomain].map(|field| record.expose(field));
    assert_eq!(values, [Some("ada"), Some("a"), Some("d")]);
    for key in ["user_name=ada", "access_token=a", "refresh_token=r"] {
        let found = test.another().await.find(&in_client(key)).await;
        assert_eq!(found.as_ref(), Some(record), "{key}");
    }
}

/// Inserts the same token under two names at the same time. Each process ends as soon as its record
/// is created, unless both go on.
async fn inserted_at_once(goes_on: bool) -> TestStore {
    let test = TestStore::new().await;
    let (mut saves, mut held) = (Vec::new(), Vec::new());
    for columns in [WITHOUT_USER, WITH_USER] {
        let go = Arc::new(Notify::new());
        let front = front_that_holds_the_creation(&go, goes_on).await;
        let store = test.another_behind(&front).await.store;
        saves.push(tokio::spawn(async move {
            store.save_token(&token(columns)).await
        }));
        until("the creation arrives", async || {
            front.seen("CreateSecret") == 1
        })
        .await;
        held.push((go, front));
    }
    // The one with the user looks for the other one after its creation. The other one cannot: it does
    // not know the name that is derived from the user.
    held[0].0.notify_one();
    until("the one without the user is created", async || {
        test.secrets.all().await.len() == 1
    })
    .await;
    held[1].0.notify_one();
    let [one, other] = <[_; 2]>::try_from(saves).expect("there are two saves");
    if goes_on {
        for saved in <[_; 2]>::from(join(one, other).await) {
            saved
                .expect("the task has ended")
                .expect("the token is saved");
        }
    } else {
        until("both are created", async || {
            test.secrets.all().await.len() == 2
        })
        .await;
        one.abort();
        other.abort();
    }
    test
}

#[tokio::test]
async fn a_token_inserted_at_once_under_two_names_becomes_one_record() {
    let test = inserted_at_once(true).await;
    is_one_record(&test).await;
}

/// A save without the user does not know the name that is derived from the user.
#[tokio::test]
async fn the_next_save_with_the_user_makes_one_record_of_two_whose_processes_ended() {
    let test = inserted_at_once(false).await;
    test.another().await.save(&token(WITH_USER)).await;
    is_one_record(&test).await;
}

fn ids(records: &[OAuthToken]) -> Vec<&str> {
    let mut ids: Vec<_> = records.iter().map(id).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn records_that_share_a_key_stay_apart() {
    let test = TestStore::new().await;
    let one = test.save(&token("user_name=ada access_token=a1")).await;
    let other = test.save(&token("access_token=a2")).await;
    // A save by id gives one record the user of the other.
    let user_too = format!("id={} user_name=ada", id(&other));
    test.save(&token(&user_too)).await;
    let saved = test.save(&token("access_token=a2 api_domain=d")).await;
    assert_eq!(saved.id(), other.id());
    // Another save gives one record the access token of the other.
    let saved = test.save(&token("user_name=ada access_token=a1")).await;
    let stored = test.another().await.all().await;
    assert_eq!(stored.len(), 2);
    assert!(ids(&stored).contains(&id(&one)) && ids(&stored).contains(&id(&saved)));
}
