//! Random programs of several processes, under an AWS that takes the freedoms that its seed says.
//!
//! `SIMULATION_SEED` runs one program and prints its trace; `SIMULATION_SECONDS` runs programs for
//! that long instead of a fixed number of them. A program that breaks an invariant is printed with
//! its seed, as small as it could be made, and with its trace.

mod by_hand;
mod columns;
mod contract;
mod danger;
mod generate;
mod history;
mod invariants;
mod mix;
mod player;
mod program;
mod run;
mod search;
mod settings;
mod shrink;

pub use program::CONFIDENTIAL;

use crate::support::environment;

/// How many programs every test run runs.
const PROGRAMS: u64 = 500;

#[test]
fn random_programs_keep_every_invariant() {
    if let Some(seed) = environment::number("SIMULATION_SEED") {
        search::one(seed);
        return;
    }
    let seconds = environment::number("SIMULATION_SECONDS");
    search::many(PROGRAMS, seconds);
}

/// For one who changes the store, and wants to know what that breaks.
#[test]
#[ignore = "says what is broken, and how often"]
fn survey() {
    let first = environment::number("SIMULATION_SEED").unwrap_or(0);
    let programs = environment::number("SIMULATION_PROGRAMS").unwrap_or(PROGRAMS);
    search::survey(first, programs);
}

#[test]
fn the_same_seed_twice_is_the_same_trace() {
    for seed in 0..20 {
        let program = generate::program(seed);
        let [one, other] = [(), ()].map(|()| run::run(&program));
        for (number, (one, other)) in one.trace.iter().zip(&other.trace).enumerate() {
            assert_eq!(one, other, "seed {seed}, line {number}");
        }
        assert_eq!(one.trace.len(), other.trace.len(), "seed {seed}");
    }
}
