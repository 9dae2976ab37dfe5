//! The LocalStack that the tests use, and clients for it. No test can reach real AWS: the endpoint
//! is always set and the credentials are dummies.
//!
//! The tests in `tests/moto` put another emulator in its place.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_secretsmanager::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use uuid::Uuid;

/// The number of attempts per call of the tests' clients.
pub const ATTEMPTS: u32 = 8;

/// The region of all primary secrets.
pub const REGION: &str = "us-east-1";

static ENDPOINT: OnceLock<String> = OnceLock::new();

/// Returns `AWS_ENDPOINT_URL` if it is set, and otherwise starts a LocalStack.
pub fn endpoint() -> &'static str {
    ENDPOINT.get_or_init(|| {
        let endpoint = std::env::var("AWS_ENDPOINT_URL");
        not_aws("AWS_ENDPOINT_URL", endpoint.unwrap_or_else(|_| start()))
    })
}

/// Makes this process use the emulator at this endpoint, which a variable gives, instead of
/// LocalStack.
///
/// # Panics
///
/// If this process uses LocalStack already.
pub fn replace(variable: &str, endpoint: String) {
    let replaced = ENDPOINT.set(not_aws(variable, endpoint));
    replaced.expect("no test should have used LocalStack before");
}

fn not_aws(variable: &str, endpoint: String) -> String {
    assert!(
        !endpoint.contains("amazonaws.com"),
        "{variable} is {endpoint}: these tests write and delete, and must not run on AWS"
    );
    endpoint
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

/// Returns a client configuration for an endpoint. It takes nothing from the environment.
pub fn config(endpoint: &str) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .endpoint_url(endpoint)
        // More attempts than usual, because LocalStack fails now and then when requests coincide;
        // short pauses, because the tests do not test the SDK's back-off.
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(10))
                .with_max_backoff(Duration::from_millis(100)),
        )
        // By default the SDK shares one retry quota per process, and other tests fail on purpose.
        .retry_partition(RetryPartition::new(Uuid::new_v4().to_string()))
}

/// Returns a client for LocalStack.
pub fn client() -> Client {
    Client::from_conf(config(endpoint()).build())
}
