//! Whether what the secret holds is explained by the operations, one after another.

use crate::writes::aws::Operation;
use crate::writes::configuration::{Kind, Setup};
use crate::writes::invariants::{Invariant, Value};
use crate::writes::process::End;

/// Which operations have begun and ended, and how they explain the value of the secret.
///
/// At all times, the value must be that of operations which take effect one after another, each
/// between its beginning and its acknowledgement; one that is not acknowledged may take effect later
/// or never.
///
/// Deletions are allowed more. One that is under way may take effect several times; a save that is
/// under way then takes effect again. And the order of a deletion and the operations that overlap it
/// is open until they all have ended: until then, the record may be missing although it is saved, and
/// may be seen again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History {
    begun: u8,
    ended: u8,
    /// For each operation those that overlap it; until it ends, those that ended before it began.
    overlapping: [u8; 8],
    /// In order, without duplicates.
    explanations: Vec<Explanation>,
}

/// Sets of operations, a bit for each, and the value after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Explanation {
    /// Those that have taken effect.
    effective: u8,
    /// The saves that have done so since the last deletion.
    since_deletion: u8,
    value: Value,
}

/// The bit of an operation; those of a process that is alone begin at 0 again.
fn bit(operation: Operation) -> u8 {
    1 << (operation % 8)
}

impl History {
    pub fn new(value: Value) -> Self {
        History {
            begun: 0,
            ended: 0,
            overlapping: [0; 8],
            explanations: vec![Explanation {
                effective: 0,
                since_deletion: 0,
                value,
            }],
        }
    }

    pub fn begin(&mut self, operation: Operation) {
        self.begun |= bit(operation);
        self.overlapping[usize::from(operation % 8)] = self.ended;
    }

    /// Records that the value has changed.
    pub fn change(&mut self, setup: &Setup, from: Value, to: Value) -> Result<(), Invariant> {
        self.explain(setup, to);
        match (self.explanations.is_empty(), from, to) {
            (false, ..) => Ok(()),
            (true, None, _) => Err(Invariant::DeletedStaysDeleted),
            (true, Some(_), None) => Err(Invariant::AcknowledgedSaveIsNotDeletedLater),
            (true, Some(_), Some(_)) => Err(Invariant::AcknowledgedSaveIsInTheChain),
        }
    }

    /// Records that an operation was acknowledged.
    pub fn end(
        &mut self,
        setup: &Setup,
        operation: Operation,
        end: End,
        now: Value,
    ) -> Result<(), Invariant> {
        self.explain(setup, now);
        self.ended |= bit(operation);
        let overlapping = &mut self.overlapping[usize::from(operation % 8)];
        *overlapping = self.begun & !*overlapping;
        let invariant = match end {
            End::Elsewhere if now.is_some() => return Err(Invariant::ARecordIsNotDoubled),
            End::Elsewhere => return Ok(()),
            End::Saved => Invariant::AcknowledgedSaveIsInTheChain,
            End::Deleted => Invariant::AcknowledgedDeletionHasDeleted,
        };
        let mut explanations = std::mem::take(&mut self.explanations);
        explanations
            .retain(|it| it.effective & bit(operation) != 0 && self.explains(setup, it, now));
        self.explanations = explanations;
        match self.explanations.is_empty() {
            true => Err(invariant),
            false => Ok(()),
        }
    }

    /// Whether the value is that of an explanation, or may be hidden by a deletion.
    fn explains(&self, setup: &Setup, explanation: &Explanation, now: Value) -> bool {
        let hides = |deletion: Operation| {
            let overlapping = self.overlapping[usize::from(deletion % 8)];
            let has_ended = self.ended & bit(deletion) != 0;
            let is_open = overlapping & self.begun & !self.ended != 0;
            let is_effective = explanation.effective & bit(deletion) != 0;
            let all_overlap = explanation.since_deletion & !overlapping == 0;
            self.is_under_way(deletion) || (has_ended && is_open && is_effective && all_overlap)
        };
        let is_deletion = |&operation: &Operation| setup.kind(operation) == Kind::Delete;
        let mut deletions = setup.operations().filter(is_deletion);
        explanation.value == now || (now.is_none() && deletions.any(hides))
    }

    fn is_under_way(&self, operation: Operation) -> bool {
        self.begun & !self.ended & bit(operation) != 0
    }

    /// Finds everything that can have taken effect, and keeps what explains the value.
    fn explain(&mut self, setup: &Setup, now: Value) {
        let mut reached = std::mem::take(&mut self.explanations);
        let mut next = 0;
        while let Some(&before) = reached.get(next) {
            next += 1;
            for operation in setup.operations() {
                if self.is_under_way(operation)
                    && let Some(after) = effect(setup, operation, before)
                    && !reached.contains(&after)
                {
                    reached.push(after);
                }
            }
        }
        reached.retain(|explanation| self.explains(setup, explanation, now));
        reached.sort_unstable();
        self.explanations = reached;
    }
}

/// What an operation under way leads to, if it can take effect.
fn effect(setup: &Setup, operation: Operation, before: Explanation) -> Option<Explanation> {
    let effective = before.effective | bit(operation);
    match setup.kind(operation) {
        Kind::Delete => Some(Explanation {
            effective,
            since_deletion: 0,
            value: None,
        }),
        Kind::Save { .. } if before.since_deletion & bit(operation) != 0 => None,
        Kind::Save { field, value } => {
            let mut fields = before.value.unwrap_or_default();
            fields[field] = value;
            Some(Explanation {
                effective,
                since_deletion: before.since_deletion | bit(operation),
                value: Some(fields),
            })
        }
    }
}
