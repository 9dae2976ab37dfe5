//! The write protocol: saves and deletions of one secret by some processes.

mod alone;
mod aws;
mod configuration;
mod history;
mod invariants;
mod known;
mod plan;
mod process;
mod protocol;
mod setups;
mod state;
mod tests;
mod trace;
