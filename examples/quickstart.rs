//! A tour of the store: two users log in, are found, get a new access token and log out.
//!
//! `make demo` runs it against LocalStack. Each line shows how long an operation took and which
//! calls of AWS it made. Secrets are redacted, although all of these are made up.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_secretsmanager::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::BoxError;
use serde_json::{Map, Value};
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};

const ADA: &str = "ada@example.com:7";
const BOB: &str = "bob@example.com:7";
const SECRETS: [&str; 4] = [
    "access_token",
    "client_secret",
    "grant_token",
    "refresh_token",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let calls = Calls::default();
    let config = aws_config::load_from_env().await;
    let aws = Client::from_conf(Builder::from(&config).interceptor(calls.clone()).build());

    // Each run has a prefix of its own, so it finds nothing of the runs before it.
    let prefix = format!("zoho/quickstart-{}/", std::process::id());
    let open = || {
        SecretsManagerTokenStore::builder()
            .prefix(&prefix)
            .client(aws.clone())
            .build()
    };

    let client = || {
        OAuthToken::builder()
            .client_id("1000.EXAMPLE")
            .client_secret("s3cr3t")
    };

    println!("\n1. Two users log in, and the store saves their tokens.");
    let store = open().await?;
    for (user, refresh_token) in [(ADA, "1000.ada"), (BOB, "1000.bob")] {
        let granted = client()
            .user_name(user)
            .refresh_token(refresh_token)
            .access_token(format!("{refresh_token}.1"))
            .build()?;
        let what = format!("save the token of {user}");
        calls.show(&what, store.save_token(&granted)).await?;
    }

    println!("\n2. Another process starts with an empty cache, and finds them.");
    let store = open().await?;
    let by_user = OAuthToken::builder().user_name(ADA).build()?;
    let by_refresh_token = client().refresh_token("1000.bob").build()?;
    let ada = calls
        .show("find Ada by user name", store.find_token(&by_user))
        .await?
        .ok_or("Ada was not found")?;
    calls
        .show("find Ada again", store.find_token(&by_user))
        .await?;
    let bob = calls
        .show(
            "find Bob by refresh token",
            store.find_token(&by_refresh_token),
        )
        .await?
        .ok_or("Bob was not found")?;
    calls
        .show("find Bob by id", store.find_token_by_id(id(&bob)))
        .await?;

    println!(
        "\n3. Zoho has refreshed Ada's access token. The columns that are not given are kept."
    );
    let refreshed = OAuthToken::builder()
        .user_name(ADA)
        .access_token("1000.ada.2")
        .expires_in(Duration::from_secs(3600))
        .build()?;
    calls
        .show("save the access token", store.save_token(&refreshed))
        .await?;

    println!("\n4. This is Ada's token in Secrets Manager.");
    show_secret(&aws, &format!("{prefix}{}", id(&ada))).await?;
    calls.take();

    println!("\n5. Bob logs out, and then all others do.");
    calls
        .show("delete Bob's token", store.delete_token(id(&bob)))
        .await?;
    println!("   tokens left: {}", store.get_tokens().await?.len());
    calls.take();
    calls
        .show("delete all tokens", store.delete_tokens())
        .await?;
    println!("   tokens left: {}", store.get_tokens().await?.len());

    println!("\nWhat to do next:");
    println!("   use the store in your program   README.md");
    println!("   deploy it on AWS                infra/README.md");
    println!("   stop LocalStack                 make localstack-down");
    Ok(())
}

fn id(token: &OAuthToken) -> &str {
    token.id().expect("a stored token has an id")
}

/// Prints name, document and tags of a secret.
async fn show_secret(aws: &Client, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("   name\n     {name}");
    let secret = aws.get_secret_value().secret_id(name).send().await?;
    let document: Map<String, Value> =
        serde_json::from_str(secret.secret_string().unwrap_or_default())?;
    println!("   document");
    for (column, value) in &document {
        let value = value.as_str().unwrap_or_default();
        let is_secret = SECRETS.contains(&column.as_str());
        println!(
            "     {column:<17} {}",
            if is_secret { "[redacted]" } else { value }
        );
    }
    println!("   tags");
    for tag in aws.describe_secret().secret_id(name).send().await?.tags() {
        println!(
            "     {:<49} {}",
            tag.key().unwrap_or_default(),
            tag.value().unwrap_or_default()
        );
    }
    Ok(())
}

/// The names of the AWS calls that a client makes. Clones share them.
#[derive(Clone, Debug, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    /// Runs an operation of the store, and prints how long it took and which calls it made.
    async fn show<T>(
        &self,
        what: &str,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let result = operation.await?;
        let time = started.elapsed();
        println!("   {what:<38} {time:>8.1?}   {}", self.take());
        Ok(result)
    }

    /// Returns the calls since the last time, with their numbers.
    fn take(&self) -> String {
        let calls = std::mem::take(&mut *self.0.lock().expect("no thread has panicked"));
        let mut counted: Vec<(String, usize)> = Vec::new();
        for call in calls {
            match counted.iter_mut().find(|(name, _)| *name == call) {
                Some((_, count)) => *count += 1,
                None => counted.push((call, 1)),
            }
        }
        if counted.is_empty() {
            return "no call: it is in the cache".to_owned();
        }
        let names = counted.into_iter().map(|(name, count)| match count {
            1 => name,
            _ => format!("{count} {name}"),
        });
        names.collect::<Vec<_>>().join(", ")
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "names of calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target");
        let name = target.and_then(|target| target.rsplit('.').next());
        let mut calls = self.0.lock().expect("no thread has panicked");
        calls.extend(name.map(str::to_owned));
        Ok(())
    }
}
