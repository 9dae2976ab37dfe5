//! Support code of the test binaries: LocalStack, stores to test, and servers in front of
//! LocalStack that count, delay, falsify or refuse requests.

// Each binary uses only a part of it.
#![allow(dead_code, unused_imports)]

pub mod aws_rules;
pub mod calls;
pub mod child;
pub mod crash;
pub mod environment;
pub mod fake_aws;
pub mod fingerprint_key;
pub mod front;
pub mod history;
pub mod http;
pub mod iam;
pub mod localstack;
pub mod log;
pub mod model;
pub mod relay;
pub mod repeating;
pub mod secrets;
pub mod sequences;
pub mod server;
pub mod staging_labels;
pub mod store;
pub mod token;
pub mod wait;
