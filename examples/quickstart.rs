//! A tour of the store: `make demo` runs it against LocalStack.

use std::time::Instant;

use aws_sdk_secretsmanager::Client;
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};

const PREFIX: &str = "zoho/quickstart/";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let aws = Client::new(&aws_config::load_from_env().await);
    let store = SecretsManagerTokenStore::builder()
        .prefix(PREFIX)
        .client(aws.clone())
        .build()
        .await?;
    let client = || {
        OAuthToken::builder()
            .client_id("1000.EXAMPLE")
            .client_secret("s3cr3t")
    };
    let user = |name| OAuthToken::builder().user_name(name).build();

    println!("1. Two users log in, and their tokens are saved:");
    for (name, token) in [
        ("ada@example.com:7", "1000.ada"),
        ("bob@example.com:7", "1000.bob"),
    ] {
        let granted = client()
            .user_name(name)
            .refresh_token(token)
            .access_token(format!("{token}.1"))
            .build()?;
        println!(
            "   {name} has the id {}",
            id(&store.save_token(&granted).await?)
        );
    }

    println!("\n2. Another process, with an empty cache, finds a token");
    let store = SecretsManagerTokenStore::builder()
        .prefix(PREFIX)
        .client(aws.clone())
        .build()
        .await?;
    let ada = timed(
        "by user name:",
        store.find_token(&user("ada@example.com:7")?),
    )
    .await?;
    timed(
        "by user name, again (from the cache):",
        store.find_token(&user("ada@example.com:7")?),
    )
    .await?;
    timed(
        "by refresh token (through the tags):",
        store.find_token(&client().refresh_token("1000.bob").build()?),
    )
    .await?;
    timed("by id (from the cache):", store.find_token_by_id(id(&ada))).await?;

    println!(
        "\n3. Zoho has refreshed Ada's access token. Only what is new is given, the rest is kept:"
    );
    let refreshed = OAuthToken::builder()
        .user_name("ada@example.com:7")
        .access_token("1000.ada.2");
    println!(
        "   {:?}",
        store
            .save_token(&refreshed.expiry_time(4_102_444_800_000).build()?)
            .await?
    );

    println!(
        "\n4. The store holds {} tokens. Ada's looks like this in Secrets Manager:",
        store.get_tokens().await?.len()
    );
    show_secret(&aws, &format!("{PREFIX}{}", id(&ada))).await?;

    println!("\n5. Bob logs out, then everybody does:");
    store
        .delete_token(id(&store
            .find_token(&user("bob@example.com:7")?)
            .await?
            .ok_or("Bob is gone")?))
        .await?;
    println!(
        "   Bob is found: {}",
        store
            .find_token(&user("bob@example.com:7")?)
            .await?
            .is_some()
    );
    store.delete_tokens().await?;
    println!(
        "   The store holds {} tokens.",
        store.get_tokens().await?.len()
    );
    Ok(())
}

fn id(token: &OAuthToken) -> &str {
    token.id().expect("a stored token has an id")
}

async fn timed(
    how: &str,
    find: impl Future<Output = Result<Option<OAuthToken>, Error>>,
) -> Result<OAuthToken, Error> {
    let started = Instant::now();
    let token = find.await?.expect("it was saved before");
    println!(
        "   {how:<38} {:<18} in {:>9.1?}",
        token.user_name().unwrap_or_default(),
        started.elapsed()
    );
    Ok(token)
}

async fn show_secret(aws: &Client, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let value = aws.get_secret_value().secret_id(name).send().await?;
    let document: serde_json::Map<_, serde_json::Value> =
        serde_json::from_str(value.secret_string().unwrap_or_default())?;
    println!("   secret {name}");
    document
        .keys()
        .for_each(|field| println!("     {field:<15} [redacted]"));
    println!("   tags");
    for tag in aws.describe_secret().secret_id(name).send().await?.tags() {
        println!(
            "     {:<31} {}",
            tag.key().unwrap_or_default(),
            tag.value().unwrap_or_default()
        );
    }
    Ok(())
}
