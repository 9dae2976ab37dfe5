//! Saves, reads and deletes many tokens on LocalStack, and says in how many calls and how long.
//!
//! `all_tokens save|get|stream|delete PREFIX NUMBER`; `benches/all_tokens` runs them beside boto3.

use std::time::{Duration, Instant};
use std::{env, fs};

use futures::{StreamExt, TryStreamExt, stream};
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};
use zoho_token_store_benches::aws::{Calls, client};

/// Saves under way at once.
const AT_ONCE: usize = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [action, prefix, number] = arguments.as_slice() else {
        panic!("usage: all_tokens save|get|stream|delete PREFIX NUMBER");
    };
    let number: usize = number.parse().expect("a number of tokens");
    let calls = Calls::default();
    let store = SecretsManagerTokenStore::builder()
        .prefix(prefix)
        // LocalStack takes its time, and throttles nobody.
        .attempt_timeout(Duration::from_secs(60))
        .operation_timeout(Duration::from_secs(120))
        .writes_per_second(None)
        .client(client(&calls))
        .build()
        .await?;
    let began = Instant::now();
    let done = match action.as_str() {
        "save" => save(&store, number).await?,
        "get" => store.get_tokens().await?.len(),
        "stream" => {
            store
                .tokens()
                .try_fold(0, async |count, _| Ok(count + 1))
                .await?
        }
        "delete" => {
            store.delete_tokens().await?;
            number
        }
        other => panic!("there is no {other}"),
    };
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{action} {done} tokens: {} calls, {seconds:.2} s, {} KB at most",
        calls.total(),
        peak()
    );
    Ok(())
}

async fn save(store: &SecretsManagerTokenStore, number: usize) -> Result<usize, Error> {
    let saves = stream::iter(0..number).map(async |number| {
        // An id of its own: one read and one creation each.
        let token = OAuthToken::builder()
            .id(format!("user-{number}"))
            .user_name(format!("user-{number}@example.com"))
            .client_id("1000.CLIENT")
            .client_secret("s".repeat(42))
            .refresh_token(format!("1000.{number:064}"))
            .access_token(format!("1000.{number:065}"))
            .build()?;
        store.save_token(&token).await
    });
    saves
        .buffer_unordered(AT_ONCE)
        .try_fold(0, async |count, _| Ok(count + 1))
        .await
}

/// The most memory that this process has used, in kilobytes; Linux says so.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
