//! What is compared: hits of the store, and of what could be used instead of it.

use std::collections::HashMap;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use aws_secretsmanager_caching::SecretsManagerCachingClient;
use moka::sync::Cache as Moka;
use zoho_token_store::OAuthToken;
use zoho_token_store_benches::{PREFIX, Warm, block_on, id};

const DAY: Duration = Duration::from_secs(86_400);

/// Something with every token in it, and a hit for the token of this number.
pub struct Contestant<'a> {
    pub name: &'static str,
    pub hit: Box<dyn Fn(usize) + Sync + 'a>,
}

/// All of them, on the same tokens.
pub fn contestants(warm: &Warm, client: aws_sdk_secretsmanager::Client) -> Vec<Contestant<'_>> {
    let ids: Vec<&str> = warm.tokens.iter().map(id).collect();
    vec![
        by_id(warm, ids.clone()),
        new("by user", |number| {
            black_box(warm.by_user(number));
        }),
        new("access token by user", |number| {
            black_box(warm.access_token(number));
        }),
        new("by refresh token", |number| {
            black_box(warm.by_refresh_token(number));
        }),
        moka(warm, ids.clone()),
        locked_map(warm, ids.clone()),
        aws_caching(&ids, client),
        new("arithmetic alone", |number| {
            black_box((0..64).fold(number, |hash, step| hash.wrapping_mul(31) ^ step));
        }),
    ]
}

fn new<'a>(name: &'static str, hit: impl Fn(usize) + Sync + 'a) -> Contestant<'a> {
    let hit = Box::new(hit);
    Contestant { name, hit }
}

fn by_id<'a>(warm: &'a Warm, ids: Vec<&'a str>) -> Contestant<'a> {
    new("by id", move |number| {
        black_box(warm.by_id(ids[number]));
    })
}

fn moka<'a>(warm: &Warm, ids: Vec<&'a str>) -> Contestant<'a> {
    let cache: Moka<String, OAuthToken> = Moka::builder()
        .max_capacity(2 * ids.len() as u64)
        .time_to_live(DAY)
        .build();
    for (id, token) in ids.iter().zip(&warm.tokens) {
        cache.insert((*id).to_owned(), token.clone());
    }
    new("moka", move |number| {
        black_box(cache.get(ids[number]).expect("it is there"));
    })
}

fn locked_map<'a>(warm: &Warm, ids: Vec<&'a str>) -> Contestant<'a> {
    let entries = ids.iter().zip(warm.tokens.clone());
    let map: HashMap<String, OAuthToken> = entries
        .map(|(id, token)| ((*id).to_owned(), token))
        .collect();
    let map = RwLock::new(map);
    new("HashMap behind a lock", move |number| {
        let map = map.read().unwrap_or_else(PoisonError::into_inner);
        black_box(map.get(ids[number]).expect("it is there").clone());
    })
}

fn aws_caching<'a>(ids: &[&str], client: aws_sdk_secretsmanager::Client) -> Contestant<'a> {
    let names: Vec<_> = ids.iter().map(|id| format!("{PREFIX}{id}")).collect();
    let size = NonZeroUsize::new(2 * names.len()).expect("there are tokens");
    let caching = SecretsManagerCachingClient::new(client, size, DAY, false);
    let caching = caching.expect("the settings are good");
    block_on(async {
        for name in &names {
            let filled = caching.get_secret_value(name, None, None, false).await;
            assert!(filled.is_ok(), "it is there");
        }
    });
    new("aws_secretsmanager_caching", move |number| {
        let hit = caching.get_secret_value(&names[number], None, None, false);
        // With two threads it may have to wait for its lock.
        black_box(futures::executor::block_on(hit).expect("it is there"));
    })
}
