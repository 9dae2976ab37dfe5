//! The number of calls to AWS that a refresh makes.

use super::processes::{expired, provider};
use super::zoho::Zoho;
use crate::support::calls::made;
use crate::support::store::TestStore;
use crate::support::token::token;

#[tokio::test]
async fn a_refresh_makes_five_calls_and_a_valid_token_none() {
    let test = TestStore::two_hours_ago().await;
    test.save(&expired("ada")).await;
    let (process, other) = (test.another().await, test.another().await);
    let (partial, zoho) = (token("user_name=ada"), Zoho::default());
    process.find(&partial).await;
    process.calls.take();
    let refreshing = provider(&process, &zoho);
    // In the window: the record is cached and usable.
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(200);
    let saved = token("user_name=ada access_token=a2").to_builder();
    process.save(&saved.expires_at(soon).build().unwrap()).await;
    process.calls.take();
    refreshing.access_token(&partial).await.unwrap();
    let calls = process.calls.take();
    let refresh = made([
        ("GetSecretValue", 1),
        ("PutSecretValue", 2),
        ("TagResource", 1),
        ("UntagResource", 1),
    ]);
    assert_eq!(calls, refresh);

    refreshing.access_token(&partial).await.unwrap();
    assert_eq!(process.calls.total(), 0);
    assert_eq!(zoho.requests(), 1);

    let waiting = provider(&other, &zoho);
    waiting.access_token(&partial).await.unwrap();
    assert_eq!(other.calls.take(), made([("GetSecretValue", 1)]));
}
