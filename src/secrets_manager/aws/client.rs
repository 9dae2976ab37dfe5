//! The AWS client: its configuration, its timeouts, and its retries.
//!
//! Unless the caller's configuration says otherwise, the SDK's defaults are those of the behavior
//! version `v2026_01_12`: three attempts (`AWS_MAX_ATTEMPTS`), with pauses of up to 1 and 2 seconds.
//! With the store's timeouts, a call to a server that does not respond fails after at most 18
//! seconds.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::interceptors::InterceptorContext;
use aws_sdk_secretsmanager::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;

use super::{bodies, validate};
use crate::Error;
use crate::clock::Clock;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);

/// Returns the clock of the client's configuration: the system's, or one that a test sets.
pub(crate) fn clock(client: &Client) -> Clock {
    let time_source = client.config().time_source();
    time_source.map(Clock::from).unwrap_or_default()
}

/// The version of the SDK's defaults. It is fixed, because a later one may have other retries and
/// timeouts.
pub(crate) fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Returns the configuration of the environment: variables, profile, container or instance.
pub(crate) async fn load() -> Result<SdkConfig, Error> {
    validate::profile().await?;
    Ok(aws_config::load_defaults(behavior_version()).await)
}

/// Returns the part of an AWS configuration that concerns Secrets Manager.
pub(crate) fn config(config: &SdkConfig) -> Result<Builder, Error> {
    validate::endpoint(config)?;
    let builder = Builder::from(config);
    Ok(match config.behavior_version() {
        Some(_) => builder,
        None => builder.behavior_version(behavior_version()),
    })
}

/// Adds what the store depends on, and returns the client.
///
/// By default the SDK's calls have no timeout: a call on a connection that died while a Lambda
/// function was frozen would hang until the function itself times out.
pub(crate) fn finish(
    config: Builder,
    attempt: Option<Duration>,
    operation: Option<Duration>,
) -> Result<Client, Error> {
    let given = config.clone().build();
    validate::region(given.region())?;
    let config = bodies::protect(config, given.http_client());
    let given = given
        .timeout_config()
        .cloned()
        .unwrap_or_else(TimeoutConfig::disabled);
    let attempt = attempt
        .or(given.operation_attempt_timeout())
        .unwrap_or(ATTEMPT_TIMEOUT);
    let operation = operation
        .or(given.operation_timeout())
        .unwrap_or(OPERATION_TIMEOUT);
    let timeouts = given
        .to_builder()
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build();
    Ok(Client::from_conf(
        config
            .timeout_config(timeouts)
            .retry_classifier(QuotasAreFinal)
            .build(),
    ))
}

/// Keeps the SDK from retrying LimitExceededException, which it treats as throttling. In Secrets
/// Manager it is a quota (versions of a secret, secrets of an account), which a retry cannot lift.
#[derive(Debug)]
struct QuotasAreFinal;

impl ClassifyRetry for QuotasAreFinal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(|error| error.as_operation_error());
        // The two calls that can exceed such a quota: a new secret, and a new version.
        let of_create = error
            .and_then(|error| error.downcast_ref::<CreateSecretError>())
            .and_then(ProvideErrorMetadata::code);
        let of_put = error
            .and_then(|error| error.downcast_ref::<PutSecretValueError>())
            .and_then(ProvideErrorMetadata::code);
        match of_create.or(of_put) {
            Some("LimitExceededException") => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "quotas are final"
    }
}
