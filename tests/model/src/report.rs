//! Explores several configurations, and compares the results with those that `docs/model.md` gives.

use std::thread;
use std::time::Instant;

use crate::explorer::{Explored, explore};
use crate::model::Model;

const DOCUMENT: &str = include_str!("../../../docs/model.md");

/// A model with words for people.
pub trait Described: Model + Clone + Send {
    /// The name of the configuration.
    fn name(&self) -> &'static str;

    /// What may go wrong in it, with how often.
    fn faults(&self) -> Vec<(u8, &'static str)>;

    fn name_of(invariant: Self::Invariant) -> &'static str;

    /// Writes a trace down, one step a line.
    fn describe(&self, trace: &[Self::Step]) -> String;
}

/// Checks that no invariant is violated, and that the document has the numbers.
pub fn check<M: Described>(models: Vec<M>)
where
    M::Step: Send,
    M::Invariant: Send,
{
    let mut rows = Vec::new();
    for (model, explored) in explored(models) {
        if let Some(violation) = &explored.violation {
            let trace = model.describe(&violation.trace);
            panic!(
                "{}: {} is violated:\n{trace}",
                model.name(),
                M::name_of(violation.invariant)
            );
        }
        rows.push(format!(
            "| {} | {} | {} | {} |",
            model.name(),
            in_words(&model.faults()),
            grouped(explored.states),
            grouped(explored.transitions),
        ));
    }
    check_document(&rows);
}

/// Checks that this invariant is violated. Returns a row of the document.
pub fn check_violated<M: Described>(what: &str, model: &M, invariant: M::Invariant) -> String {
    let explored = explore(model);
    let violation = explored
        .violation
        .unwrap_or_else(|| panic!("{what} is not found"));
    let trace = model.describe(&violation.trace);
    assert_eq!(violation.invariant, invariant, "{what}:\n{trace}");
    format!(
        "| {what} | {} | {} | `{}` | {} | {} |",
        model.name(),
        in_words(&model.faults()),
        M::name_of(invariant),
        violation.trace.len(),
        grouped(explored.states),
    )
}

/// Checks that the document has these rows.
pub fn check_document(rows: &[String]) {
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

/// Whether the large configurations are to be explored.
pub fn is_large() -> bool {
    match std::env::var("MODEL") {
        Ok(size) if size == "large" => true,
        Ok(size) => panic!("MODEL is `{size}`, and can only be `large`"),
        Err(_) => {
            println!("model: only the small configurations; MODEL=large adds others");
            false
        }
    }
}

/// Explores these configurations, two at a time.
fn explored<M: Described>(models: Vec<M>) -> Vec<(M, Explored<M>)>
where
    M::Step: Send,
    M::Invariant: Send,
{
    let halves: [Vec<M>; 2] = [
        models.iter().step_by(2).cloned().collect(),
        models.iter().skip(1).step_by(2).cloned().collect(),
    ];
    thread::scope(|scope| {
        let threads = halves.map(|models| {
            scope.spawn(|| {
                let models = models.into_iter();
                let explored = models.map(|model| {
                    let started = Instant::now();
                    let explored = explore(&model);
                    let (states, seconds) = (explored.states, started.elapsed().as_secs_f64());
                    println!("model: {}: {states} states, {seconds:.1} s", model.name());
                    (model, explored)
                });
                explored.collect::<Vec<_>>()
            })
        });
        let explored = threads.into_iter();
        explored
            .flat_map(|thread| thread.join().expect("the exploration ends"))
            .collect()
    })
}

fn in_words(faults: &[(u8, &str)]) -> String {
    let some = faults.iter().filter(|(count, _)| *count > 0);
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
