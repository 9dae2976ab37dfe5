//! The LocalStack that the test talks to. Real AWS is out of reach: the endpoint is always given, and the
//! credentials are dummies.

use std::process::Command;
use std::sync::OnceLock;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};

/// The endpoint: `AWS_ENDPOINT_URL` if it is set, else of the LocalStack that is started now.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap_or_else(|_| start());
        assert!(
            endpoint.starts_with("http://") && !endpoint.contains("amazonaws.com"),
            "AWS_ENDPOINT_URL is {endpoint}: this test writes and deletes, and must not run on AWS"
        );
        endpoint
    })
}

fn start() -> String {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../infra/localstack/localstack"
    );
    let output = Command::new(script)
        .arg("up")
        .output()
        .unwrap_or_else(|error| panic!("{script} cannot be run: {error}"));
    assert!(
        output.status.success(),
        "`{script} up` failed; start a LocalStack and set AWS_ENDPOINT_URL, or see infra/localstack/README.md:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A client for LocalStack.
pub fn client() -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .endpoint_url(endpoint());
    Client::from_conf(config.build())
}
