//! The store on Secrets Manager, tested against LocalStack: at `AWS_ENDPOINT_URL`, or started by
//! `infra/localstack/localstack`. The tests run side by side, each below a prefix of its own.

#[path = "../support/mod.rs"]
mod support;

mod allocations;
mod cache;
mod calls;
mod cancellation;
mod concurrency;
mod contract;
mod deletion;
mod failures;
mod foreign;
mod index;
mod lists;
mod model;
mod outage;
mod outdated;
mod races;
mod reindex;
mod replicas;
mod retries;
mod rollback;
mod secrecy;
mod sequences;
