//! The refresh lease: processes that meet one expiry, and refresh the token once.

mod configuration;
mod invariants;
mod model;
mod process;
mod protocol;
mod secret;
mod setups;
mod spent;
mod state;
mod step;
mod tests;
mod trace;
mod zoho;
