//! Visits every state that can be reached, breadth first, so that the first trace found is a
//! shortest one.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash};

use crate::fingerprint::{Fingerprint, Identity};
use crate::model::Model;

/// How many states and transitions there are, or how an invariant is violated.
#[derive(Debug)]
pub struct Explored<M: Model> {
    pub states: usize,
    pub transitions: usize,
    pub violation: Option<Violation<M>>,
}

#[derive(Debug)]
pub struct Violation<M: Model> {
    pub invariant: M::Invariant,
    pub trace: Vec<M::Step>,
}

/// Visits every state, unless an invariant is violated before.
pub fn explore<M: Model>(model: &M) -> Explored<M> {
    let initial = model.initial();
    let mut visited: HashSet<u128, BuildHasherDefault<Identity>> = HashSet::default();
    visited.insert(fingerprint(&initial));
    let mut queue = VecDeque::from([(initial, 0)]);
    // The step that led to each state, and the state before it.
    let mut origins: Vec<Option<(usize, M::Step)>> = vec![None];
    let mut transitions = 0;
    let mut violation = None;
    'states: while let Some((state, index)) = queue.pop_front() {
        if let Err(invariant) = model.check(&state) {
            let trace = trace(&origins, index);
            violation = Some(Violation { invariant, trace });
            break;
        }
        let before = fingerprint(&state);
        let mut is_left = false;
        for step in model.steps(&state) {
            transitions += 1;
            let next = match model.after(&state, step) {
                Ok(next) => next,
                Err(invariant) => {
                    let mut trace = trace(&origins, index);
                    trace.push(step);
                    violation = Some(Violation { invariant, trace });
                    break 'states;
                }
            };
            let after = fingerprint(&next);
            is_left |= after != before;
            if visited.insert(after) {
                queue.push_back((next, origins.len()));
                origins.push(Some((index, step)));
            }
        }
        if !is_left && let Err(invariant) = model.stuck(&state) {
            let trace = trace(&origins, index);
            violation = Some(Violation { invariant, trace });
            break;
        }
    }
    Explored {
        states: visited.len(),
        transitions,
        violation,
    }
}

fn fingerprint(state: &impl Hash) -> u128 {
    let mut hasher = Fingerprint::default();
    state.hash(&mut hasher);
    hasher.both()
}

fn trace<Step: Copy>(origins: &[Option<(usize, Step)>], mut index: usize) -> Vec<Step> {
    let mut trace = Vec::new();
    while let Some((before, step)) = origins[index] {
        trace.push(step);
        index = before;
    }
    trace.reverse();
    trace
}
