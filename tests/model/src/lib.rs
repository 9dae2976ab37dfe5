//! Exhaustive models of the write protocol and of the refresh lease: every order of the steps of
//! some processes, with crashes, lost answers, late calls and stale reads.
//!
//! `docs/model.md` says what is modelled, and how many states there are.

#![cfg(test)]

mod explorer;
mod fingerprint;
mod lease;
mod model;
mod report;
mod writes;
