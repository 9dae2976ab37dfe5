//! AWS Secrets Manager in the test process: its actions, and all that it is free to do. What it
//! refuses whatever else happens is in `support/aws_rules`.
//!
//! The SDK of each process is given a [`Connector`](connector::Connector) in place of an HTTP
//! client. There is no socket, and time is the runtime's paused time. What AWS may do but need not
//! ([`Freedoms`]) is drawn from a seed, or ordered by a test for single requests.

mod actions;
mod chance;
pub mod connector;
mod counts;
mod faults;
mod freedoms;
mod frozen;
mod ledger;
mod operator;
mod orders;
mod request;
mod secret;
mod service;
mod timeline;
mod view;

pub use counts::Counts;
pub use faults::{Answered, Delayed, Executed, Fault};
pub use freedoms::{Freedoms, SETTLING};
pub use ledger::Entry;
pub use operator::Operator;
pub use orders::{Held, Order, Wanted};
pub use request::{Outcome, Request};
pub use secret::Secret;
pub use service::Service;
pub use timeline::LONGEST_LAG;
