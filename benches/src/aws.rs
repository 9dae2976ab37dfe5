//! The LocalStack that is measured against, and a count of the calls to it.

use std::env;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};

// As the tests count them.
#[allow(dead_code)]
#[path = "../../tests/support/calls.rs"]
mod calls;

pub use calls::Calls;

/// A client for the LocalStack at `AWS_ENDPOINT_URL`.
///
/// # Panics
///
/// If that is not set, or is AWS itself.
pub fn client(calls: &Calls) -> Client {
    let endpoint = env::var("AWS_ENDPOINT_URL").expect("AWS_ENDPOINT_URL is the LocalStack's");
    assert!(
        !endpoint.contains("amazonaws.com"),
        "this writes and deletes thousands of secrets, and must not run on AWS"
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "benches"))
        .endpoint_url(endpoint)
        // LocalStack fails within when requests meet, now and then.
        .retry_config(RetryConfig::standard().with_max_attempts(10))
        .interceptor(calls.clone());
    Client::from_conf(config.build())
}
