//! Explores the configurations and the mutations.

use crate::lease::configuration::Setup;
use crate::lease::invariants::Invariant;
use crate::lease::setups;
use crate::lease::step::Step;
use crate::lease::trace::describe;
use crate::report::{Described, check, check_document, check_violated, is_large};

impl Described for Setup {
    fn name(&self) -> &'static str {
        self.name
    }

    fn faults(&self) -> Vec<(u8, &'static str)> {
        vec![
            (self.faults.crashes, "crash"),
            (self.faults.lost, "lost"),
            (self.faults.lost_by_zoho, "lost by Zoho"),
            (self.faults.unavailable, "unavailable"),
            (self.faults.failed, "failed"),
            (self.faults.stale, "stale"),
            (self.faults.impatient, "impatient"),
        ]
    }

    fn name_of(invariant: Invariant) -> &'static str {
        invariant.name()
    }

    fn describe(&self, trace: &[Step]) -> String {
        describe(self, trace)
    }
}

#[test]
fn the_lease_keeps_its_invariants() {
    check(setups::quick());
}

#[test]
fn the_lease_keeps_its_invariants_with_more_faults() {
    if is_large() {
        check(setups::large());
    }
}

#[test]
fn every_mutation_of_the_lease_violates_an_invariant() {
    let mutations = setups::mutations().into_iter();
    let rows = mutations.map(|(setup, invariant)| {
        let mutation = setup.mutation.expect("the setup has a mutation");
        check_violated(&format!("`{mutation:?}`"), &setup, invariant)
    });
    check_document(&rows.collect::<Vec<_>>());
}
