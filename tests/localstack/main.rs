//! Tests of the store on Secrets Manager against LocalStack. `tests/README.md` tells what each
//! folder shows and where a new test goes.
//!
//! LocalStack runs at `AWS_ENDPOINT_URL`, or else `infra/localstack/localstack` starts it. The
//! tests run in parallel, each under its own prefix.

#[path = "../support/mod.rs"]
mod support;
#[path = "../../examples/fake_zoho/mod.rs"]
mod zoho;

mod behaviour;
mod concurrency;
mod fake_aws;
mod faults;
mod format;
mod oauth;
mod resources;
mod security;
