//! What the store adds to the calls that it makes: each operation on LocalStack, by turns with the
//! same calls by the SDK alone. Prints a table.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use zoho_token_store::{OAuthToken, SecretsManagerTokenStore, TokenStore};
use zoho_token_store_benches::aws::{Calls, client};

/// How often each is done; the first times are not counted.
const ROUNDS: usize = 220;
const NOT_COUNTED: usize = 20;

/// What the store writes: a value, and tags of this length.
const DOCUMENT: &str = r#"{"schema_version":"1","id":"bare-100","user_name":"user-100","access_token":"1000.first-100","_write_id":"6553f1000000000000000007","_index":"user:6553f1000000000000000007 access:6553f1000000000000000007"}"#;
const FINGERPRINT: &str =
    "access_token:6861dd5a4fea5446cbebd5d4d8f146e505f82995f41a1ad573c7ffcadad1a42a";

fn tags<const N: usize>(keys: [&str; N]) -> Option<Vec<Tag>> {
    let tag = |key| Tag::builder().key(key).value(FINGERPRINT).build();
    Some(keys.map(tag).to_vec())
}

/// The bare calls, on one secret after the other.
struct Bare {
    aws: Client,
    prefix: String,
}

impl Bare {
    fn name(&self, round: usize) -> String {
        format!("{}bare-{round}", self.prefix)
    }

    async fn get(&self, round: usize) {
        // A secret that is not there is an answer too.
        let _ = self
            .aws
            .get_secret_value()
            .secret_id(self.name(round))
            .send()
            .await;
    }

    async fn create(&self, round: usize) {
        let create = self
            .aws
            .create_secret()
            .name(self.name(round))
            .secret_string(DOCUMENT);
        create
            .set_tags(tags(["managed-by", "user", "access"]))
            .send()
            .await
            .expect("the secret is created");
    }

    async fn tag(&self, round: usize) {
        let tagged = self
            .aws
            .tag_resource()
            .secret_id(self.name(round))
            .set_tags(tags(["managed-by", "access-2"]));
        tagged.send().await.expect("the secret is tagged");
    }

    async fn untag(&self, round: usize) {
        let untag = self.aws.untag_resource().secret_id(self.name(round));
        let untagged = untag.tag_keys("access").tag_keys("access-former");
        untagged.send().await.expect("a tag is removed");
    }

    async fn put(&self, round: usize) {
        let put = self
            .aws
            .put_secret_value()
            .secret_id(self.name(round))
            .secret_string(DOCUMENT);
        put.send().await.expect("the value is put");
    }

    async fn delete(&self, round: usize) {
        let delete = self.aws.delete_secret().secret_id(self.name(round));
        delete.send().await.expect("the secret is deleted");
    }
}

fn token(round: usize, columns: &[(zoho_token_store::Field, &str)]) -> OAuthToken {
    let mut token = OAuthToken::builder()
        .id(format!("store-{round}"))
        .user_name(format!("user-{round}"));
    for (field, value) in columns {
        token = token.field(*field, *value);
    }
    token.build().expect("a valid token")
}

/// The times of both sides, and the calls of an operation.
#[derive(Default)]
struct Compared {
    bare: Vec<Duration>,
    store: Vec<Duration>,
    calls: BTreeMap<String, usize>,
}

impl Compared {
    fn row(mut self, operation: &str) -> String {
        let bare = median(&mut self.bare);
        let store = median(&mut self.store);
        let more = (store.as_secs_f64() / bare.as_secs_f64() - 1.0) * 100.0;
        let calls: usize = self.calls.values().sum();
        format!("| {operation} | {calls} | {bare:.2?} | {store:.2?} | {more:+.1} % |")
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let prefix = format!("cold-{}/", std::process::id());
    let (bare_calls, calls) = (Calls::default(), Calls::default());
    let bare = Bare {
        aws: client(&bare_calls),
        prefix: prefix.clone(),
    };
    let store = SecretsManagerTokenStore::builder()
        .prefix(&prefix)
        // Every read is a cold one.
        .cache_capacity(None)
        .writes_per_second(None)
        .client(client(&calls))
        .build()
        .await
        .expect("the settings are good");

    let mut rows = [(); 4].map(|()| Compared::default());
    for round in 0..ROUNDS {
        let access = zoho_token_store::Field::AccessToken;
        let first = format!("1000.first-{round}");
        let second = format!("1000.second-{round}");
        let (new, refreshed) = (
            token(round, &[(access, &first)]),
            token(round, &[(access, &second)]),
        );
        let id = format!("store-{round}");
        for (place, row) in rows.iter_mut().enumerate() {
            let of_bare = async {
                match place {
                    0 => {
                        bare.get(round).await;
                        bare.create(round).await;
                    }
                    1 => bare.get(round).await,
                    2 => {
                        bare.get(round).await;
                        bare.tag(round).await;
                        bare.put(round).await;
                        bare.untag(round).await;
                    }
                    _ => {
                        bare.get(round).await;
                        bare.put(round).await;
                        bare.delete(round).await;
                    }
                }
            };
            let of_store = async {
                match place {
                    0 => drop(store.save_token(&new).await.expect("it is saved")),
                    1 => drop(store.find_token_by_id(&id).await.expect("it is found")),
                    2 => drop(store.save_token(&refreshed).await.expect("it is saved")),
                    _ => store.delete_token(&id).await.expect("it is deleted"),
                }
            };
            // By turns, who comes first: what is slow for a while is slow for both.
            let (bare_took, store_took) = if round % 2 == 0 {
                let bare_took = timed(of_bare).await;
                (bare_took, timed(of_store).await)
            } else {
                let store_took = timed(of_store).await;
                (timed(of_bare).await, store_took)
            };
            let made = calls.take();
            assert_eq!(bare_calls.take(), made, "not the same calls");
            if round >= NOT_COUNTED {
                row.bare.push(bare_took);
                row.store.push(store_took);
                row.calls = made;
            }
        }
    }
    println!("| operation | calls | SDK alone | store | more |\n|---|---:|---:|---:|---:|");
    let names = ["save, new", "find", "save, refreshed", "delete"];
    for (row, name) in rows.into_iter().zip(names) {
        println!("{}", row.row(name));
    }
}

async fn timed(operation: impl Future<Output = ()>) -> Duration {
    let began = Instant::now();
    operation.await;
    began.elapsed()
}
