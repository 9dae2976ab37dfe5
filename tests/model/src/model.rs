//! What the explorer needs to know of a model.

use std::fmt::Debug;
use std::hash::Hash;

/// A system of states and steps between them.
pub trait Model {
    type State: Hash;
    type Step: Copy + Debug;
    type Invariant: Copy + Debug + PartialEq;

    fn initial(&self) -> Self::State;

    /// The steps that can come next.
    fn steps(&self, state: &Self::State) -> Vec<Self::Step>;

    /// The state after a step, or the invariant that the step violates.
    fn after(&self, state: &Self::State, step: Self::Step) -> Result<Self::State, Self::Invariant>;

    /// Checks what must hold of a state, beside what its last step must keep.
    fn check(&self, state: &Self::State) -> Result<(), Self::Invariant>;

    /// Checks a state that no step leaves.
    fn stuck(&self, _: &Self::State) -> Result<(), Self::Invariant> {
        Ok(())
    }
}
