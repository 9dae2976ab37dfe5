//! Lookups at the same time: those of one token share their calls, those of different tokens do not
//! wait for one another.

use futures::future::join_all;
use zoho_token_store::{OAuthToken, TokenStore};

use super::calls::{ada_and_another_process, saved};
use crate::support::calls::made;
use crate::support::environment::number;
use crate::support::store::TestStore;
use crate::support::token::token;

async fn found_by_a_thousand_tasks(test: &TestStore, partial: &OAuthToken, record: &OAuthToken) {
    let found = join_all((0..1_000).map(|_| test.store.find_token(partial))).await;
    assert!(
        found
            .into_iter()
            .all(|found| found.expect("the lookup should succeed").as_ref() == Some(record))
    );
}

#[tokio::test]
async fn a_thousand_tasks_that_miss_a_user_make_one_call() {
    let (ada, _test, process) = ada_and_another_process().await;
    let partial = token("user_name=ada");
    found_by_a_thousand_tasks(&process, &partial, &ada).await;
    assert_eq!(process.calls.take(), made([("GetSecretValue", 1)]));
}

#[tokio::test]
async fn a_thousand_tasks_that_miss_a_refresh_token_make_one_list() {
    let (ada, _test, process) = ada_and_another_process().await;
    let partial = token("client_id=c client_secret=s refresh_token=r-ada");
    found_by_a_thousand_tasks(&process, &partial, &ada).await;
    assert_eq!(
        process.calls.take(),
        made([("GetSecretValue", 2), ("ListSecrets", 1)])
    );
}

/// Uses `CALLS_TOKENS` users, by default 100: on LocalStack saving them takes longer than finding
/// them.
#[tokio::test]
async fn tasks_that_miss_different_users_make_one_call_each() {
    let users = number("CALLS_TOKENS").unwrap_or(100);
    let test = TestStore::new().await;
    let saved = saved(&test, users).await;
    let process = test.another().await;
    let finds = saved.iter().map(async |record| {
        let user = record.user_name().expect("a login has a user name");
        let found = process.find(&token(&format!("user_name={user}"))).await;
        assert_eq!(found.as_ref(), Some(record));
    });
    join_all(finds).await;
    let calls = process.calls.take();
    assert_eq!(calls, made([("GetSecretValue", users as usize)]));
}
