//! Explores the configurations, and compares the results with those that `docs/model.md` gives.

use std::thread;
use std::time::Instant;

use crate::configuration::{Faults, Setup};
use crate::explorer::{Explored, explore};
use crate::invariants::Invariant;
use crate::setups;
use crate::trace::describe;

const DOCUMENT: &str = include_str!("../../../docs/model.md");

/// Explores these configurations, two at a time.
fn explored(setups: Vec<Setup>) -> Vec<(Setup, Explored)> {
    let halves: Vec<Vec<Setup>> = vec![
        setups.iter().step_by(2).cloned().collect(),
        setups.iter().skip(1).step_by(2).cloned().collect(),
    ];
    let threads: Vec<_> = halves
        .into_iter()
        .map(|setups| {
            thread::spawn(|| {
                let setups = setups.into_iter();
                let explored = setups.map(|setup| {
                    let started = Instant::now();
                    let explored = explore(&setup);
                    let (states, seconds) = (explored.states, started.elapsed().as_secs_f64());
                    println!("model: {}: {states} states, {seconds:.1} s", setup.name);
                    (setup, explored)
                });
                explored.collect::<Vec<_>>()
            })
        })
        .collect();
    let explored = threads.into_iter();
    explored
        .flat_map(|thread| thread.join().expect("the exploration ends"))
        .collect()
}

fn in_words(faults: Faults) -> String {
    let counts = [
        (faults.crashes, "crash"),
        (faults.lost, "lost"),
        (faults.late, "late"),
        (faults.stale, "stale"),
    ];
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = some
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(", "),
    }
}

/// A number as the document writes it.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Checks that the document has these rows.
fn check_document(rows: &[String]) {
    for row in rows {
        println!("{row}");
    }
    let missing = |row: &&String| !DOCUMENT.lines().any(|line| line == row.as_str());
    let missing: Vec<_> = rows.iter().filter(missing).collect();
    assert!(
        missing.is_empty(),
        "docs/model.md does not have these rows: {missing:#?}"
    );
}

fn check(setups: Vec<Setup>) {
    let mut rows = Vec::new();
    for (setup, explored) in explored(setups) {
        if let Some(violation) = &explored.violation {
            let trace = describe(&setup, &violation.trace);
            panic!(
                "{}: {} is violated:\n{trace}",
                setup.name,
                violation.invariant.name()
            );
        }
        rows.push(format!(
            "| {} | {} | {} | {} |",
            setup.name,
            in_words(setup.faults),
            grouped(explored.states),
            grouped(explored.transitions),
        ));
    }
    check_document(&rows);
}

/// Checks that this invariant is violated. Returns a row of the document.
fn check_violated(what: &str, setup: &Setup, invariant: Invariant) -> String {
    let explored = explore(setup);
    let violation = explored
        .violation
        .unwrap_or_else(|| panic!("{what} is not found"));
    let trace = describe(setup, &violation.trace);
    assert_eq!(violation.invariant, invariant, "{what}:\n{trace}");
    format!(
        "| {what} | {} | {} | `{}` | {} | {} |",
        setup.name,
        in_words(setup.faults),
        invariant.name(),
        violation.trace.len(),
        grouped(explored.states),
    )
}

#[test]
fn the_protocol_keeps_its_invariants() {
    check(setups::quick());
}

#[test]
fn the_protocol_keeps_its_invariants_with_more_faults() {
    match std::env::var("MODEL") {
        Ok(size) if size == "large" => check(setups::large()),
        Ok(size) => panic!("MODEL is `{size}`, and can only be `large`"),
        Err(_) => println!("model: only the small configurations; MODEL=large adds others"),
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
    assert!(explored.violation.is_none(), "{:?}", explored.violation);
}
