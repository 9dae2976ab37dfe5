//! The LocalStack that the tests talk to, and clients for it. Real AWS is out of reach: the
//! endpoint is always given, and the credentials are dummies.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_secretsmanager::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use uuid::Uuid;

/// How often a call is tried by the clients of these tests.
pub const ATTEMPTS: u32 = 8;

/// The region that all secrets are in.
pub const REGION: &str = "us-east-1";

/// The endpoint: `AWS_ENDPOINT_URL` if it is set, else of the LocalStack that is started now.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap_or_else(|_| start());
        assert!(
            !endpoint.contains("amazonaws.com"),
            "AWS_ENDPOINT_URL is {endpoint}: these tests write and delete, and must not run on AWS"
        );
        endpoint
    })
}

fn start() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/infra/localstack/localstack");
    let output = Command::new(script)
        .arg("up")
        .output()
        .unwrap_or_else(|error| panic!("{script} cannot be run: {error}"));
    assert!(
        output.status.success(),
        "`{script} up` failed; start a LocalStack and set AWS_ENDPOINT_URL, or see \
         infra/localstack/README.md:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The configuration of a client for an endpoint: nothing in it comes from the environment.
pub fn config(endpoint: &str) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .endpoint_url(endpoint)
        // LocalStack fails now and then when requests meet, so more tries than usual; and what is
        // tried again is tested, the SDK's pauses are not.
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(10))
                .with_max_backoff(Duration::from_millis(100)),
        )
        // The SDK's quota of retries is one for the whole process, and other tests fail on purpose.
        .retry_partition(RetryPartition::new(Uuid::new_v4().to_string()))
}

/// A client for LocalStack.
pub fn client() -> Client {
    Client::from_conf(config(endpoint()).build())
}
