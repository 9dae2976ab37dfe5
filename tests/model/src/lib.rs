//! An exhaustive model of the write protocol: every order of the steps of some processes, with
//! crashes, lost answers, late calls and stale reads.
//!
//! `docs/model.md` says what is modelled, and how many states there are.

#![cfg(test)]

mod aws;
mod configuration;
mod explorer;
mod fingerprint;
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
