//! One more process at the end: whether it can save and delete, whatever happened before.

use crate::model::Model;
use crate::writes::aws::{Mark, Secret};
use crate::writes::configuration::{Kind, Setup};
use crate::writes::invariants::{Invariant, value};
use crate::writes::state::{State, Step};

/// The number of steps that a process which is alone takes at most for a save and a deletion.
const STEPS: usize = 40;

impl Model for Setup {
    type State = State;
    type Step = Step;
    type Invariant = Invariant;

    fn initial(&self) -> State {
        State::initial(self)
    }

    fn steps(&self, state: &State) -> Vec<Step> {
        state.steps(self)
    }

    fn after(&self, state: &State, step: Step) -> Result<State, Invariant> {
        state.after(self, step)
    }

    fn check(&self, state: &State) -> Result<(), Invariant> {
        match state.is_over() {
            true => save_and_delete(state, &self.alone()),
            false => Ok(()),
        }
    }
}

/// Whether a process that is alone can save and delete, and does.
fn save_and_delete(state: &State, alone: &Setup) -> Result<(), Invariant> {
    let failed = Invariant::EveryStateCanBeSavedAndDeleted;
    let mut state = state.with_only(alone);
    for _ in 0..STEPS {
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
