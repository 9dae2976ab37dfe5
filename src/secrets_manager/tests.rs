//! The futures of lookups, which a hit in the cache allocates.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Config, Region};

use super::*;
use crate::testing::token;

/// A store that makes no call.
async fn store() -> SecretsManagerTokenStore {
    let config = Config::builder()
        .behavior_version_latest()
        .region(Region::from_static("eu-west-1"))
        .build();
    let builder = SecretsManagerTokenStore::builder().client(Client::from_conf(config));
    builder.build().await.unwrap()
}

#[tokio::test]
async fn the_future_of_a_lookup_does_not_hold_what_a_miss_does() {
    let (store, partial) = (store().await, token("user_name=u"));
    let by_key = size_of_val(&*store.find_token(&partial));
    let by_id = size_of_val(&*store.find_token_by_id("1"));
    assert!(by_key <= 128 && by_id <= 128, "{by_key} and {by_id} bytes");
}

#[cfg(feature = "oauth")]
#[tokio::test]
async fn nor_does_the_future_of_an_access_token() {
    let provider = crate::TokenProvider::builder(store().await).build();
    let (provider, partial) = (provider.unwrap(), token("user_name=u"));
    let size = size_of_val(&provider.access_token(&partial));
    assert!(size <= 256, "{size} bytes");
}
