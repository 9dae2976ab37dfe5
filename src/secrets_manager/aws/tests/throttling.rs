//! Writes that AWS refuses because of its quotas.

use std::time::Duration;

use tokio::time::Instant;

use super::{Server, config, store};
use crate::testing::token;
use crate::{ErrorKind, TokenStore};

/// Nothing is stored yet, and no quota is left for creations.
fn respond(action: &str) -> (u16, &'static str) {
    match action {
        "GetSecretValue" => (
            400,
            r#"{"__type": "ResourceNotFoundException", "message": "no such secret"}"#,
        ),
        "ListSecrets" => (200, r#"{"SecretList": []}"#),
        "CreateSecret" => (
            400,
            r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#,
        ),
        other => panic!("a save does not call {other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_that_stays_throttled_ends_after_thirty_seconds_with_throttled() {
    let (config, _) = config(Server::RespondsByAction(respond));
    let store = store(&config).await;
    let began = Instant::now();
    let error = store
        .save_token(&token("user_name=bob access_token=a"))
        .await;
    let took = began.elapsed();
    let error = error.expect_err("the creation should be throttled");
    assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    assert!(error.is_retryable());
    let seconds = Duration::from_secs;
    // The last attempt begins at most a pause of 1 second after the limit. In it, the SDK makes three
    // requests with pauses of at most 1 and 2 seconds.
    assert!((seconds(29)..=seconds(34)).contains(&took), "{took:?}");
}
