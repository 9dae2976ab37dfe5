//! A tour of `TokenProvider`: a user logs in, the API is called, two processes meet an expiry, Zoho
//! refuses an access token, and the user logs out.
//!
//! `make demo` runs it against LocalStack and a fake of Zoho, which counts the requests it gets.

#[path = "http_get/mod.rs"]
mod http_get;
#[path = "fake_zoho/mod.rs"]
mod zoho;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use futures::future::try_join_all;
use http::StatusCode;
use serde_json::{Value, json};
use zoho::FakeZoho;
use zoho_token_store::{DataCenter, OAuthToken, SecretsManagerTokenStore, TokenProvider};

type Failure = Box<dyn Error + Send + Sync>;

const TASKS: usize = 10;
const REDIRECT_URL: &str = "https://app.example/callback";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(prefix), Some(zoho), Some(user)) => worker(&prefix, &zoho, &user).await,
        _ => tour().await,
    }
}

async fn tour() -> Result<(), Failure> {
    let zoho = FakeZoho::start(0)?;
    let prefix = format!("zoho/demo-{}/", std::process::id());
    let provider = provider(&prefix, zoho.url()).await?;

    println!("\n1. Ada logs in: Zoho sends her back with a code, which is exchanged.");
    let code = zoho.control("grant", json!({"redirect_uri": REDIRECT_URL}));
    let code = code["code"].as_str().ok_or("there is no code")?;
    let ada = provider.login(code, Some(REDIRECT_URL)).await?;
    let user = ada.user_name().ok_or("Zoho tells whose token it is")?;
    println!("   saved under {user}");
    show("login", &zoho);

    println!("\n2. The program calls Zoho with her access token.");
    let partial = OAuthToken::builder().user_name(user).build()?;
    show_call(&provider, &partial).await?;
    show("call", &zoho);

    println!("\n3. Her access token expires, and 2 processes of {TASKS} tasks meet that at once.");
    let expired = ada.to_builder().expires_at(SystemTime::now()).build()?;
    provider.store().save_token(&expired).await?;
    let before = zoho.requests("refresh");
    let mut workers = Vec::new();
    for _ in 0..2 {
        workers.push(Worker::start(&prefix, zoho.url(), user)?);
    }
    for worker in &mut workers {
        worker.wait_until_ready()?;
    }
    for worker in &mut workers {
        worker.go()?;
    }
    for worker in workers {
        worker.finish()?;
    }
    let refreshes = zoho.requests("refresh") - before;
    println!("   {} tasks have a new access token", 2 * TASKS);
    show("expiry", &zoho);
    if refreshes != 1 {
        return Err(format!("Zoho got {refreshes} requests for an access token").into());
    }

    println!("\n4. Zoho ends the access token. Another process calls with it, and is refused.");
    zoho.control("expire", json!({}));
    let other = self::provider(&prefix, zoho.url()).await?;
    show_call(&other, &partial).await?;
    show("401", &zoho);

    println!("\n5. Ada logs out: her tokens are revoked at Zoho, and her record is deleted.");
    other.revoke(&partial).await?;
    println!(
        "   tokens left: {}",
        other.store().get_tokens().await?.len()
    );
    show("logout", &zoho);

    println!("\nWhat to do next:");
    println!("   how it works                    docs/oauth.md");
    println!("   a web application               cargo run --example axum");
    println!("   stop LocalStack                 make localstack-down");
    Ok(())
}

async fn provider(prefix: &str, zoho: &str) -> Result<TokenProvider, Failure> {
    let store = SecretsManagerTokenStore::builder().prefix(prefix).build();
    let provider = TokenProvider::builder(store.await?)
        .data_center(DataCenter::custom(zoho, zoho)?)
        .client(zoho::CLIENT_ID, zoho::CLIENT_SECRET);
    Ok(provider.build()?)
}

/// Calls the API, and prints the status of each request.
async fn show_call(provider: &TokenProvider, partial: &OAuthToken) -> Result<(), Failure> {
    let call = provider.call(partial, async |token| {
        let url = format!("{}/crm/v8/Contacts?fields=Last_Name", token.api_domain());
        let (status, body) = http_get::get(&url, token.authorization_header()).await?;
        println!("   GET /crm/v8/Contacts            {status}");
        Ok::<(StatusCode, Value), Failure>((status, body))
    });
    let (status, _) = call.await?;
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("the call failed with {status}").into()),
    }
}

/// Prints the requests that Zoho got since the last time.
fn show(step: &str, zoho: &FakeZoho) {
    let requests = zoho.counts()["requests"].to_string();
    let requests = requests.replace(['{', '}', '"'], "").replace(',', ", ");
    println!(
        "   {:<31} {}",
        format!("requests to Zoho, {step}"),
        requests.replace(':', " ")
    );
    zoho.forget_counts();
}

/// Another process, which asks for the access token when it is told to.
struct Worker {
    process: Child,
}

impl Worker {
    fn start(prefix: &str, zoho: &str, user: &str) -> Result<Self, Failure> {
        let process = Command::new(std::env::current_exe()?)
            .args([prefix, zoho, user])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Worker { process })
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let output = self.process.stdout.as_mut().ok_or("it has an output")?;
        BufReader::new(output).read_line(&mut String::new())?;
        Ok(())
    }

    fn go(&mut self) -> Result<(), Failure> {
        let input = self.process.stdin.as_mut().ok_or("it has an input")?;
        Ok(input.write_all(b"go\n")?)
    }

    fn finish(mut self) -> Result<(), Failure> {
        match self.process.wait()?.success() {
            true => Ok(()),
            false => Err("a process has no access token".into()),
        }
    }
}

async fn worker(prefix: &str, zoho: &str, user: &str) -> Result<(), Failure> {
    let provider = provider(prefix, zoho).await?;
    let partial = OAuthToken::builder().user_name(user).build()?;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    let tokens = (0..TASKS).map(|_| provider.access_token(&partial));
    for token in try_join_all(tokens).await? {
        let expires_at = token.expires_at().ok_or("its expiry is known")?;
        if expires_at < SystemTime::now() + Duration::from_secs(600) {
            return Err("the access token is not a new one".into());
        }
    }
    Ok(())
}
