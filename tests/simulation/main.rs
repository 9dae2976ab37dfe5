//! The store in simulations: several processes, an AWS that is as inconsistent as it may be, and
//! virtual time, all from one seed.

#[path = "../support/mod.rs"]
mod support;

mod aws;
mod clock;
mod determinism;
mod link;
mod process;
mod programs;
mod refreshes;
mod scenarios;
mod trace;
mod world;
mod zoho;
