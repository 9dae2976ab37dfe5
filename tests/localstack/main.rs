//! The store on Secrets Manager, tested against LocalStack: at `AWS_ENDPOINT_URL`, or started by
//! `infra/localstack/localstack`. The tests run side by side, each below a prefix of its own.

#[path = "../support/mod.rs"]
mod support;

mod behaviour;
mod concurrency;
mod fake_aws;
mod faults;
mod format;
mod resources;
mod security;
