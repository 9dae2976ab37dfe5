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
mod costs;
mod crashes;
mod deletion;
mod documents;
mod failures;
mod foreign;
mod frozen;
mod half_done;
mod histories;
mod index;
mod lists;
mod lost_answers;
mod model;
mod outage;
mod outdated;
mod permissions;
mod quotas;
mod races;
#[cfg(target_os = "linux")]
mod read_only;
mod reindex;
mod replicas;
mod retries;
mod rollback;
mod rules;
mod secrecy;
mod sequences;
mod soak;
mod under_rules;
mod wiped;
