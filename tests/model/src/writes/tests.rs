//! Explores the configurations, the mutations and the limits.

use crate::explorer::explore;
use crate::report::{Described, check, check_document, check_violated, is_large};
use crate::writes::configuration::Setup;
use crate::writes::invariants::Invariant;
use crate::writes::setups;
use crate::writes::state::Step;
use crate::writes::trace::describe;

impl Described for Setup {
    fn name(&self) -> &'static str {
        self.name
    }

    fn faults(&self) -> Vec<(u8, &'static str)> {
        vec![
            (self.faults.crashes, "crash"),
            (self.faults.lost, "lost"),
            (self.faults.late, "late"),
            (self.faults.stale, "stale"),
            (self.faults.throttled, "throttled"),
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
fn the_protocol_keeps_its_invariants() {
    check(setups::quick());
}

#[test]
fn the_protocol_keeps_its_invariants_with_more_faults() {
    if is_large() {
        check(setups::large());
    }
}

#[test]
fn every_mutation_violates_an_invariant() {
    let mutations = setups::mutations().into_iter();
    let rows = mutations.map(|(setup, invariant)| {
        let mutation = setup.mutation.expect("the setup has a mutation");
        check_violated(&format!("`{mutation:?}`"), &setup, invariant)
    });
    check_document(&rows.collect::<Vec<_>>());
}

#[test]
fn what_the_protocol_cannot_prevent_violates_an_invariant() {
    let limits = setups::limits().into_iter();
    let rows = limits.map(|(what, setup, invariant)| check_violated(what, &setup, invariant));
    check_document(&rows.collect::<Vec<_>>());
}

#[test]
fn known_states_protect_a_process_from_its_own_stale_reads() {
    let explored = explore(&setups::believing_with_known_states());
    assert!(explored.violation.is_none());
}
