//! The function under cargo-lambda's emulator of the Lambda runtime, with the store on LocalStack: what it
//! answers, what it logs, and how many calls to AWS it makes cold and warm.

mod emulator;
mod http;
mod localstack;
mod relay;

use std::process;
use std::time::SystemTime;

use serde_json::{Value, json};
use zoho_token_store::{Deletion, OAuthToken, SecretsManagerTokenStore, TokenStore};

use emulator::Emulator;
use relay::Relay;

const ADA: &str = "ada@example.com:7";

/// What neither an answer nor the log may show; the log not even the user's name.
const SECRETS: [&str; 4] = [
    "1000.refresh-of-ada",
    "1000.access-of-ada",
    "1000.grant-of-ada",
    "secret-of-the-client",
];

#[tokio::test]
async fn cold_it_reads_the_token_once_and_warm_never() {
    let (prefix, store) = store_with_ada().await;
    let known = json!({
        "found": true,
        "user_name": ADA,
        "expires_at": 4_102_444_800_000_u64,
        "expired": false,
        "api_domain": "https://www.zohoapis.eu",
    });
    let relay = Relay::start(localstack::endpoint());

    let function = Emulator::start(relay.endpoint(), &[("ZOHO_TOKEN_STORE_PREFIX", &prefix)]);
    assert_eq!(
        relay.take(),
        [""; 0],
        "nothing runs before the first request"
    );
    assert_eq!(answer(&function, ADA), (200, known.clone()));
    assert_eq!(
        relay.take(),
        ["GetSecretValue"; 2],
        "cold: one call to warm up, one for the token"
    );
    assert_eq!(answer(&function, ADA), (200, known.clone()));
    assert_eq!(relay.take(), [""; 0], "warm: no call");

    assert_eq!(
        answer(&function, "bob@example.com:7"),
        (200, json!({"found": false}))
    );
    let (status, refused) = function.invoke(&json!({"access_token": SECRETS[1]}));
    assert_eq!(
        (status, &refused["errorType"]),
        (500, &json!("malformed_request"))
    );
    assert_shows_no_secret(&refused.to_string());
    assert_tells_nothing(&function.stop());

    let variables = [
        ("ZOHO_TOKEN_STORE_PREFIX", prefix.as_str()),
        ("ZOHO_WARM_USERS", ADA),
    ];
    let (_, function) = (relay.take(), Emulator::start(relay.endpoint(), &variables));
    assert_eq!(answer(&function, ADA), (200, known));
    assert_eq!(
        relay.take(),
        ["GetSecretValue"],
        "cold, and Ada was to be expected: the one call at init"
    );
    assert_tells_nothing(&function.stop());

    store.delete_tokens().await.expect("LocalStack deletes");
}

/// A store below a prefix of its own, with Ada's token in it.
async fn store_with_ada() -> (String, SecretsManagerTokenStore) {
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("the clock is right");
    let prefix = format!("test-lambda-{}-{}/", now.as_millis(), process::id());
    let store = SecretsManagerTokenStore::builder()
        .prefix(&prefix)
        .deletion(Deletion::Force)
        .client(localstack::client())
        .build()
        .await
        .expect("the settings are good");
    let [refresh_token, access_token, grant_token, client_secret] = SECRETS;
    let token = OAuthToken::builder()
        .user_name(ADA)
        .client_id("1000.client")
        .client_secret(client_secret)
        .refresh_token(refresh_token)
        .access_token(access_token)
        .grant_token(grant_token)
        .expiry_time(4_102_444_800_000)
        .api_domain("https://www.zohoapis.eu")
        .build()
        .expect("the token is valid");
    store.save_token(&token).await.expect("LocalStack saves");
    (prefix, store)
}

fn answer(function: &Emulator, user_name: &str) -> (u16, Value) {
    function.invoke(&json!({"user_name": user_name}))
}

fn assert_tells_nothing(log: &str) {
    assert_shows_no_secret(log);
    assert!(!log.contains(ADA), "{ADA} is logged:\n{log}");
}

fn assert_shows_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is shown:\n{text}");
    }
}
