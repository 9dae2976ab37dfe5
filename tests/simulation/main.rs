//! The store in simulations: several processes, an AWS that is as inconsistent as it may be, and
//! virtual time, all from one seed.

mod aws;
mod clock;
mod determinism;
mod link;
mod process;
mod scenarios;
mod token;
mod trace;
mod world;
