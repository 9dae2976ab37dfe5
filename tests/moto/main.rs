//! Tests of the store on Secrets Manager against a second emulator, moto's server.
//!
//! LocalStack could accept what AWS does not, and the store rely on it. moto is written
//! independently: its differences from AWS are others. `infra/moto/README.md` lists them.
//!
//! `infra/moto/moto` installs and starts the server. `cargo test` runs these tests only if asked
//! for them: `cargo test --all-features --test moto`.

#[path = "../support/mod.rs"]
mod support;

mod behaviour;
mod marked;
mod server;
mod settings;
