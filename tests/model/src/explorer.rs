//! Visits every state that can be reached, breadth first, so that the first trace found is a
//! shortest one.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash};

use crate::aws::{Mark, Secret};
use crate::configuration::{Kind, Setup};
use crate::fingerprint::{Fingerprint, Identity};
use crate::invariants::{Invariant, value};
use crate::state::{State, Step};

/// The number of steps that a process which is alone takes at most for a save and a deletion.
const STEPS_ALONE: usize = 40;

/// How many states and transitions there are, or how an invariant is violated.
#[derive(Debug)]
pub struct Explored {
    pub states: usize,
    pub transitions: usize,
    pub violation: Option<Violation>,
}

#[derive(Debug)]
pub struct Violation {
    pub invariant: Invariant,
    pub trace: Vec<Step>,
}

/// Visits every state, unless an invariant is violated before.
pub fn explore(setup: &Setup) -> Explored {
    let alone = setup.alone();
    let initial = State::initial(setup);
    let mut visited: HashSet<u128, BuildHasherDefault<Identity>> = HashSet::default();
    visited.insert(fingerprint(&initial));
    let mut queue = VecDeque::from([(initial, 0)]);
    // The step that led to each state, and the state before it.
    let mut origins: Vec<Option<(usize, Step)>> = vec![None];
    let mut transitions = 0;
    let mut violation = None;
    'states: while let Some((state, index)) = queue.pop_front() {
        if state.is_over()
            && let Err(invariant) = save_and_delete(&state, &alone)
        {
            let trace = trace(&origins, index);
            violation = Some(Violation { invariant, trace });
            break;
        }
        for step in state.steps(setup) {
            transitions += 1;
            let next = match state.after(setup, step) {
                Ok(next) => next,
                Err(invariant) => {
                    let mut trace = trace(&origins, index);
                    trace.push(step);
                    violation = Some(Violation { invariant, trace });
                    break 'states;
                }
            };
            if visited.insert(fingerprint(&next)) {
                queue.push_back((next, origins.len()));
                origins.push(Some((index, step)));
            }
        }
    }
    Explored {
        states: visited.len(),
        transitions,
        violation,
    }
}

fn fingerprint(state: &State) -> u128 {
    let mut hasher = Fingerprint::default();
    state.hash(&mut hasher);
    hasher.both()
}

fn trace(origins: &[Option<(usize, Step)>], mut index: usize) -> Vec<Step> {
    let mut trace = Vec::new();
    while let Some((before, step)) = origins[index] {
        trace.push(step);
        index = before;
    }
    trace.reverse();
    trace
}

/// Whether a process that is alone can save and delete, and does.
fn save_and_delete(state: &State, alone: &Setup) -> Result<(), Invariant> {
    let failed = Invariant::EveryStateCanBeSavedAndDeleted;
    let mut state = state.with_only(alone);
    for _ in 0..STEPS_ALONE {
        let before = state.processes[0].position;
        let Some(step) = state.steps(alone).pop() else {
            return match state.is_over() {
                true => Ok(()),
                false => Err(failed),
            };
        };
        state = state.after(alone, step)?;
        let has_saved = before == 0 && state.processes[0].position == 1;
        if has_saved && !is_saved(state.secret.as_ref(), alone) {
            return Err(failed);
        }
    }
    Err(failed)
}

/// Whether the record has what was saved; or is marked for deletion, and was saved elsewhere.
fn is_saved(secret: Option<&Secret>, alone: &Setup) -> bool {
    let Kind::Save {
        field,
        value: saved,
    } = alone.kind(alone.programs[0][0])
    else {
        return false;
    };
    match value(secret) {
        Some(fields) => fields[field] == saved,
        None => secret.is_some_and(|secret| secret.mark != Mark::Unmarked),
    }
}
