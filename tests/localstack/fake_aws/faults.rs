//! Faults: the error that a client sees, and whether the call is executed.

use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use uuid::Uuid;

use super::{Caller, only};
use crate::support::fake_aws::{Fault, Faults, Rules};
use crate::support::localstack;

/// A client that makes one attempt with a short timeout.
fn client(caller: &Caller) -> Client {
    let timeout = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(1500));
    let config = localstack::config(caller.aws.endpoint())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeout.build());
    Client::from_conf(config.build())
}

/// Creates a secret and returns the outcome in a few words.
async fn create(client: &Client, name: String) -> String {
    let token = Uuid::new_v4().to_string();
    let create = client.create_secret().name(name).secret_string("v");
    match create.client_request_token(token).send().await {
        Ok(_) => "success".into(),
        Err(SdkError::TimeoutError(_)) => "timeout".into(),
        Err(SdkError::DispatchFailure(_)) => "no connection".into(),
        Err(SdkError::ResponseError(_)) => "no response".into(),
        Err(SdkError::ServiceError(error)) => {
            let code = error.err().code().unwrap_or_default();
            format!("{} {code}", error.raw().status().as_u16())
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn each_fault_has_its_own_error_and_effect() {
    let caller = Caller::new(only(|_| {}));
    let client = client(&caller);
    let cases = [
        (Fault::InternalError, "500 InternalServiceError", false),
        (Fault::InternalErrorAfter, "500 InternalServiceError", true),
        (Fault::Unavailable, "503 ServiceUnavailable", false),
        (Fault::ResetBefore, "no connection", false),
        (Fault::ResetAfter, "no connection", true),
        (Fault::CutOff, "no response", true),
        (Fault::Slow, "success", true),
        (Fault::Hang, "timeout", false),
        (Fault::HangAfter, "timeout", true),
        (
            Fault::ExpiredCredentials,
            "400 ExpiredTokenException",
            false,
        ),
        (Fault::PartialBatch, "500 InternalServiceError", false),
    ];
    assert_eq!(cases.map(|(fault, ..)| fault), Fault::ALL);
    for (fault, seen, done) in cases {
        caller.aws.order("CreateSecret", fault);
        let id = format!("{fault:?}");
        assert_eq!(
            create(&client, caller.secrets.name(&id)).await,
            seen,
            "{fault:?}"
        );
        assert_eq!(
            caller.secrets.current(&id).await.is_some(),
            done,
            "{fault:?}"
        );
        assert_eq!(caller.aws.injected()[&fault], 1);
    }
    assert_eq!(caller.aws.received("CreateSecret"), cases.len());
    let done = cases.iter().filter(|(.., done)| *done).count();
    assert_eq!(caller.aws.executed()["CreateSecret"], done);
}

#[tokio::test]
async fn a_slow_response_is_delayed() {
    let caller = Caller::new(only(|rules| {
        rules.faults = Faults::always(Fault::Slow);
        rules.faults.slow = Duration::from_millis(300);
    }));
    let began = Instant::now();
    caller.create("a").await;
    assert!(began.elapsed() >= Duration::from_millis(300));
}

/// The same seed brings the same faults, whatever the prefix and other tasks are; another seed
/// brings others.
#[tokio::test]
async fn a_seed_determines_the_faults() {
    let faults = async |seed| {
        let kinds = vec![Fault::InternalError, Fault::Unavailable, Fault::CutOff];
        let caller = Caller::new(Rules {
            faults: Faults {
                kinds,
                ..Faults::all(50.0)
            },
            ..Rules::none(seed)
        });
        let client = client(&caller);
        let secrets = ["a", "b", "c"].map(|id| caller.secrets.name(id));
        let calls = secrets.map(|name| {
            let client = &client;
            async move {
                let mut seen = Vec::new();
                for _ in 0..8 {
                    seen.push(create(client, name.clone()).await);
                }
                seen
            }
        });
        futures::future::join_all(calls).await
    };
    let [first, again, other] = [faults(7).await, faults(7).await, faults(8).await];
    assert_eq!(first, again);
    assert_ne!(first, other);
    let all = first.concat();
    assert!(all.iter().any(|seen| seen.starts_with("500")), "{all:?}");
    assert!(all.iter().any(|seen| seen.starts_with("400")), "{all:?}");
}
