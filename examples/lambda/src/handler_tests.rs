//! Tests of the handler with a store in memory, and with one that fails.

use async_trait::async_trait;
use zoho_token_store::{ErrorKind, MemoryTokenStore};

use super::*;

const ADA: &str = "ada@example.com:7";

/// A store that cannot be reached.
#[derive(Debug)]
struct Unreachable;

#[async_trait]
impl TokenStore for Unreachable {
    async fn find_token(&self, _: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        Err(Error::new(ErrorKind::Unavailable, "no answer"))
    }

    async fn save_token(&self, _: &OAuthToken) -> Result<OAuthToken, Error> {
        unreachable!("the function only reads")
    }

    async fn delete_token(&self, _: &str) -> Result<(), Error> {
        unreachable!("the function only reads")
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        unreachable!("the function only reads")
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        unreachable!("the function only reads")
    }

    async fn find_token_by_id(&self, _: &str) -> Result<Option<OAuthToken>, Error> {
        unreachable!("the function asks for a user")
    }
}

async fn store_with_ada(expiry_time: Option<u64>) -> MemoryTokenStore {
    let store = MemoryTokenStore::default();
    let mut token = OAuthToken::builder()
        .user_name(ADA)
        .client_id("1000.client")
        .client_secret("secret-of-the-client")
        .refresh_token("1000.refresh")
        .access_token("1000.access")
        .grant_token("1000.grant")
        .api_domain("https://www.zohoapis.eu");
    if let Some(expiry_time) = expiry_time {
        token = token.expiry_time(expiry_time);
    }
    let token = token.build().expect("the token is valid");
    store
        .save_token(&token)
        .await
        .expect("memory does not fail");
    store
}

fn diagnostic(failure: Failure) -> (String, Value) {
    let diagnostic = Diagnostic::from(failure);
    let message =
        serde_json::from_str(&diagnostic.error_message).expect("the message is an object");
    (diagnostic.error_type, message)
}

#[tokio::test]
async fn a_known_user_is_described_without_any_secret() {
    let store = store_with_ada(Some(4_102_444_800_000)).await;
    let answer = answer(&store, &json!({"user_name": ADA}))
        .await
        .expect("there is an answer");
    // Compared as a whole: no other column may show.
    assert_eq!(
        answer,
        json!({
            "found": true,
            "user_name": ADA,
            "expires_at": 4_102_444_800_000_u64,
            "expired": false,
            "api_domain": "https://www.zohoapis.eu",
        })
    );
}

#[tokio::test]
async fn an_expired_token_and_one_without_expiry_are_told_apart() {
    let request = json!({"user_name": ADA});
    let expired = answer(&store_with_ada(Some(1)).await, &request)
        .await
        .expect("there is an answer");
    assert_eq!(
        (&expired["expires_at"], &expired["expired"]),
        (&json!(1), &json!(true))
    );
    let lasting = answer(&store_with_ada(None).await, &request)
        .await
        .expect("there is an answer");
    assert_eq!(
        (&lasting["expires_at"], &lasting["expired"]),
        (&Value::Null, &json!(false))
    );
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let store = store_with_ada(None).await;
    let answer = answer(&store, &json!({"user_name": "bob@example.com:7"})).await;
    assert_eq!(answer.expect("there is an answer"), json!({"found": false}));
}

#[tokio::test]
async fn a_malformed_request_is_refused_without_being_quoted() {
    let store = store_with_ada(None).await;
    for request in [
        json!("1000.access"),
        json!({}),
        json!({"user_name": null}),
        json!({"user_name": ["1000.access"]}),
        json!({"access_token": "1000.access"}),
    ] {
        let failure = answer(&store, &request)
            .await
            .expect_err("the request is malformed");
        let (error_type, message) = diagnostic(failure);
        assert_eq!(
            (error_type.as_str(), &message["retryable"]),
            ("malformed_request", &json!(false))
        );
        assert!(!message.to_string().contains("1000.access"), "{message}");
    }
}

#[tokio::test]
async fn an_empty_user_name_is_an_invalid_token() {
    let failure = answer(&store_with_ada(None).await, &json!({"user_name": ""})).await;
    let (error_type, message) = diagnostic(failure.expect_err("no user has an empty name"));
    assert_eq!(
        (error_type.as_str(), &message["retryable"]),
        ("invalid_token", &json!(false))
    );
}

#[tokio::test]
async fn an_outage_is_an_error_that_says_to_try_again() {
    let failure = answer(&Unreachable, &json!({"user_name": ADA})).await;
    let (error_type, message) = diagnostic(failure.expect_err("the store cannot be reached"));
    assert_eq!(error_type, "unavailable");
    assert_eq!(message, json!({"retryable": true, "message": "no answer"}));
}
