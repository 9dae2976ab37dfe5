//! How long the cache serves a record, and how recent writes make up for lists that lag.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use zoho_token_store::{Field, OAuthToken, TokenStore};

use crate::support::calls::made;
use crate::support::front::{Front, Reaction};
use crate::support::secrets::MANAGED_BY;
use crate::support::store::TestStore;
use crate::support::token::{KEYS_OF_ADA, id, in_client, login, token};
use crate::support::wait::until;

async fn access_token(test: &TestStore, partial: &str) -> Option<String> {
    let found = test.find(&token(partial)).await;
    found.and_then(|record| record.expose(Field::AccessToken).map(str::to_owned))
}

/// Looks Ada up until a lookup makes a call, and returns the time since the first lookup.
async fn age_when_read_again(process: &TestStore) -> Duration {
    let began = Instant::now();
    until("a lookup reads the record again", async || {
        access_token(process, "user_name=ada")
            .await
            .expect("the record should exist");
        process.calls.total() > 1
    })
    .await;
    began.elapsed()
}

#[tokio::test]
async fn an_expired_record_is_read_again_after_a_few_seconds() {
    let test = TestStore::new().await;
    let expired = login("ada")
        .to_builder()
        .expiry_time(1)
        .build()
        .expect("a valid token");
    test.save(&expired).await;
    let age = age_when_read_again(&test.another().await).await;
    assert!(
        (3..10).contains(&age.as_secs()),
        "the record was read again after {age:?}"
    );
}

#[tokio::test]
async fn a_record_is_read_again_when_its_access_token_expires() {
    let test = TestStore::new().await;
    let expiry = SystemTime::now() + Duration::from_secs(4);
    let since_1970 = expiry
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("the time should be after 1970");
    let milliseconds =
        u64::try_from(since_1970.as_millis()).expect("the time should fit in 64 bits");
    let soon = login("ada")
        .to_builder()
        .expiry_time(milliseconds)
        .build()
        .expect("a valid token");
    test.save(&soon).await;
    age_when_read_again(&test.another().await).await;
    assert!(
        soon.expires_within(Duration::ZERO),
        "the record was read again before its access token expired"
    );
}

#[tokio::test]
async fn invalidate_shows_a_change_of_another_process() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let partials = [
        "user_name=ada",
        "grant_token=g-ada client_id=c client_secret=s",
        &format!("id={}", id(&ada)),
    ];
    for partial in partials {
        assert_eq!(access_token(&test, partial).await.as_deref(), Some("a-ada"));
    }
    let process = test.another().await;
    process.save(&token("user_name=ada access_token=a2")).await;
    for partial in partials {
        assert_eq!(
            access_token(&test, partial).await.as_deref(),
            Some("a-ada"),
            "{partial}"
        );
    }
    test.store.invalidate(id(&ada));
    for partial in partials {
        assert_eq!(
            access_token(&test, partial).await.as_deref(),
            Some("a2"),
            "{partial}"
        );
    }
}

#[tokio::test]
async fn a_change_of_another_process_is_seen_after_the_time_to_live() {
    let test = TestStore::with(|builder| builder.cache_time_to_live(Duration::from_secs(1))).await;
    test.save(&login("ada")).await;
    let process = test.another().await;
    process.save(&token("user_name=ada access_token=a2")).await;
    until("the change is visible", async || {
        access_token(&test, "user_name=ada").await.as_deref() == Some("a2")
    })
    .await;
}

#[tokio::test]
async fn a_store_without_a_cache_reads_on_every_lookup() {
    let test = TestStore::with(|builder| builder.cache_capacity(None)).await;
    let ada = test.save(&login("ada")).await;
    test.calls.take();
    for _ in 0..2 {
        assert_eq!(
            access_token(&test, "user_name=ada").await.as_deref(),
            Some("a-ada")
        );
        let found = test.find_by_id(id(&ada)).await;
        assert_eq!(found.as_ref(), Some(&ada));
        assert_eq!(test.calls.take(), made([("GetSecretValue", 2)]));
    }
}

/// Returns a server whose lists always show these secrets, as AWS's lists can for five minutes.
async fn list_that_shows(prefix: &str, ids: &[&str]) -> Front {
    let tags = json!([{"Key": MANAGED_BY.0, "Value": MANAGED_BY.1}]);
    let secrets = ids
        .iter()
        .map(|id| json!({"Name": format!("{prefix}{id}"), "Tags": tags}));
    let list = json!({"SecretList": secrets.collect::<Vec<_>>()});
    Front::new(move |request| match request.action.as_str() {
        "ListSecrets" => Reaction::Respond(list.clone()),
        _ => Reaction::Forward,
    })
    .await
}

async fn every_lookup_returns(test: &TestStore, expected: Option<&OAuthToken>) {
    for pair in KEYS_OF_ADA {
        let partial = in_client(pair);
        let found = test.find(&partial).await;
        assert_eq!(found.as_ref(), expected, "{pair}");
    }
    let all = test.all().await;
    assert_eq!(all.first(), expected);
}

#[tokio::test]
async fn a_stale_list_does_not_hide_a_new_record() {
    let front = list_that_shows("", &[]).await;
    let test = TestStore::behind(&front).await;
    let ada = test.save(&login("ada")).await;
    every_lookup_returns(&test, Some(&ada)).await;
    test.store.invalidate(id(&ada));
    every_lookup_returns(&test, Some(&ada)).await;

    let changed = token("user_name=ada access_token=a2");
    let changed = test.save(&changed).await;
    let found = test.find(&token("access_token=a2")).await;
    assert_eq!(found, Some(changed));
    test.delete_all().await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
}

#[tokio::test]
async fn a_stale_list_does_not_bring_back_a_deleted_record() {
    let direct = TestStore::new().await;
    let ada = direct.save(&login("ada")).await;
    let front = list_that_shows(&direct.prefix, &[id(&ada)]).await;
    let test = direct.another_behind(&front).await;
    every_lookup_returns(&test, Some(&ada)).await;
    test.delete(id(&ada)).await;
    every_lookup_returns(&test, None).await;
}

#[tokio::test]
async fn a_stale_list_does_not_duplicate_a_user_of_another_process() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let front = list_that_shows("", &[]).await;
    let found = test
        .another_behind(&front)
        .await
        .find(&token("user_name=ada"))
        .await;
    assert_eq!(found.as_ref(), Some(&ada));
    assert_eq!(
        test.another_behind(&front).await.save(&login("ada")).await,
        ada
    );
    assert_eq!(test.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn clones_share_the_cache_and_other_stores_do_not() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    test.calls.take();
    let found = test.store.clone().find_token(&token("user_name=ada")).await;
    assert!(found.expect("the operation should succeed").is_some());
    assert_eq!(test.calls.total(), 0);
    let other = test.another().await;
    assert!(access_token(&other, "user_name=ada").await.is_some());
    assert_eq!(other.calls.total(), 1);
}
