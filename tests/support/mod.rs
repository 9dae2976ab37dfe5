//! What the test binaries share: LocalStack, stores to test, and what counts, delays or falsifies
//! their calls.

// Every binary uses a part of it.
#![allow(dead_code, unused_imports)]

pub mod aws_rules;
pub mod calls;
pub mod child;
pub mod front;
pub mod http;
pub mod localstack;
pub mod log;
pub mod repeating;
pub mod secrets;
pub mod server;
pub mod store;
pub mod token;
pub mod wait;
