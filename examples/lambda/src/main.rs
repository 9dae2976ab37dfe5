//! A Lambda function that calls Zoho as a user, refreshes all tokens that expire soon when a schedule says
//! so, and answers what it knows of a token, never the token. Store and provider are built once, before the
//! first request, and all requests share what they know.

mod call;
mod handler;
#[path = "../../http_get/mod.rs"]
mod http_get;
#[cfg(test)]
mod provider_tests;
mod sweep;
mod warm_up;

use std::env;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;
use zoho_token_store::{SecretsManagerTokenStore, TokenProvider};

/// The setting that names the data centre of records which do not name their own, such as `eu`.
const DATA_CENTER: &str = "ZOHO_DATA_CENTER";

// Lambda gives a function one request at a time and, below 1.8 GB of memory, less than one core:
// more threads would only have to be started.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log_to_standard_output();
    let store = SecretsManagerTokenStore::from_env().await?;
    warm_up::warm_up(&store, env::var_os(warm_up::WARM_USERS).as_deref()).await;
    let mut provider = TokenProvider::builder(store);
    if let Ok(data_center) = env::var(DATA_CENTER) {
        provider = provider.data_center(data_center.parse()?);
    }
    let provider = &provider.build()?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        handler::respond(provider, &event.payload).await
    }))
    .await
}

/// Logs in the format and from the level that the function's configuration says; Lambda adds the
/// time.
fn log_to_standard_output() {
    let level = match env::var("AWS_LAMBDA_LOG_LEVEL").as_deref() {
        Ok("FATAL") => LevelFilter::ERROR, // Lambda's one level that tracing does not have
        Ok(level) => level.parse().unwrap_or(LevelFilter::INFO),
        Err(_) => LevelFilter::INFO,
    };
    // At its lowest level the runtime logs whole requests, and they hold user names.
    let targets = Targets::new()
        .with_default(level)
        .with_target("lambda_runtime", level.min(LevelFilter::DEBUG));
    let log = layer().without_time().with_ansi(false);
    match env::var("AWS_LAMBDA_LOG_FORMAT").as_deref() {
        Ok("JSON") => registry().with(targets).with(log.json()).init(),
        _ => registry().with(targets).with(log).init(),
    }
}
