//! The LocalStack that the tests use: that of `AWS_ENDPOINT_URL`, or one that is started.

use std::process::Command;
use std::sync::OnceLock;

/// Returns its endpoint.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| match std::env::var("AWS_ENDPOINT_URL") {
        Ok(url) => {
            let is_local = ["http://127.0.0.1:", "http://localhost:"];
            assert!(
                is_local.iter().any(|start| url.starts_with(start)),
                "the tests save and delete tokens: {url} is not a LocalStack on this machine"
            );
            url
        }
        Err(_) => start(),
    })
}

fn start() -> String {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../infra/localstack/localstack"
    );
    let started = Command::new(script).arg("up").output();
    let started = started.expect("infra/localstack/localstack can be run");
    assert!(started.status.success(), "LocalStack does not start");
    let endpoint = String::from_utf8(started.stdout).expect("the endpoint is text");
    endpoint.trim().to_owned()
}
