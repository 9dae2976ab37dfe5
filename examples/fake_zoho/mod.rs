//! The fake of Zoho, to be included by other examples and tests:
//!
//! ```ignore
//! #[path = "fake_zoho/mod.rs"]
//! mod zoho;
//!
//! let fake = zoho::FakeZoho::start(0)?; // serves until it is dropped
//! let token = fake.control("login", json!({"email": "ada@example.com"}));
//! ```

// Each program that includes it uses only a part of it.
#![allow(dead_code)]

mod accounts;
mod control;
mod crm;
mod faults;
mod message;
mod server;
mod service;
mod settings;

pub use server::FakeZoho;
