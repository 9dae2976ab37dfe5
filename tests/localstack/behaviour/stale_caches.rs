//! Saves by processes whose caches do not have the latest writes of others.

use zoho_token_store::Field;

use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

#[tokio::test]
async fn processes_that_save_in_turn_with_stale_caches_lose_nothing() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let ada = token("user_name=ada");
    one.save(&login("ada")).await;
    other.find(&ada).await;
    for turn in 0..5 {
        one.save(&token(&format!("user_name=ada access_token=a{turn}")))
            .await;
        let saved = other
            .save(&token(&format!("user_name=ada api_domain=d{turn}")))
            .await;
        let written = [saved.expose(Field::AccessToken), saved.api_domain()];
        assert_eq!(
            written,
            [
                Some(format!("a{turn}")).as_deref(),
                Some(format!("d{turn}")).as_deref()
            ]
        );
        assert_eq!(one.another().await.find(&ada).await, Some(saved));
    }
}

/// A put with the request token of an earlier put succeeds but changes nothing.
#[tokio::test]
async fn a_save_of_a_value_that_was_overwritten_is_stored_again() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let access = |value: &str| token(&format!("user_name=ada access_token={value}"));
    let ada = one.save(&access("a1")).await;
    other.save(&access("a2")).await;
    other.save(&access("a3")).await;
    one.save(&access("a2")).await;
    assert_eq!(one.secrets.document(id(&ada)).await["access_token"], "a2");
    let found = one
        .find(&token("user_name=ada"))
        .await
        .expect("the record should exist");
    assert_eq!(found.expose(Field::AccessToken), Some("a2"));
}

#[tokio::test]
async fn a_save_that_equals_a_stale_cached_record_is_stored() {
    let one = TestStore::new().await;
    let access = |value: &str| token(&format!("user_name=ada access_token={value}"));
    let ada = one.save(&access("a1")).await;
    one.another().await.save(&access("a2")).await;
    one.save(&access("a1")).await;
    assert_eq!(one.secrets.document(id(&ada)).await["access_token"], "a1");
}

#[tokio::test]
async fn a_key_added_by_another_process_does_not_create_a_second_record() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let ada = one.save(&login("ada")).await;
    other.save(&token("user_name=ada access_token=a2")).await;
    // This store's cached record still has the previous access token.
    let saved = one.save(&token("access_token=a2 api_domain=d")).await;
    assert_eq!(saved.id(), ada.id());
    assert_eq!(one.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn a_stronger_key_added_by_another_process_selects_the_record() {
    let one = TestStore::new().await;
    let other = one.another().await;
    let client = "client_id=c client_secret=s";
    let weaker = one.save(&token(&format!("refresh_token=r {client}"))).await;
    other.save(&token(&format!("grant_token=g {client}"))).await;
    other
        .save(&token(&format!("id={} access_token=a", id(&weaker))))
        .await;
    // The cached record matches only by its refresh token, the other record by its grant token.
    let all = token(&format!(
        "access_token=a grant_token=g refresh_token=r {client}"
    ));
    assert_eq!(one.save(&all).await.id(), weaker.id());
}
