//! What a process knows of the secret's states, as in `cache/known_states.rs`, without clocks.

use crate::writes::aws::{Arn, Snapshot, VersionId};

/// The last state that a process knows the secret to have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    is_gone: bool,
    pub arn: Arn,
    pub version: VersionId,
    former_arn: Option<Arn>,
}

/// A state that is read or learned: an ARN and a version, or none if the secret is gone or marked
/// for deletion.
pub type Seen = Option<(Arn, VersionId)>;

/// The state that a read shows.
pub fn seen(view: Option<Snapshot>) -> Seen {
    let live = view.filter(|snapshot| !snapshot.marked)?;
    Some((live.arn, live.current))
}

impl Known {
    /// Whether a read of this state shows an older state than the known one.
    pub fn is_later_than(&self, read: Seen) -> bool {
        match read {
            None => !self.is_gone,
            Some((arn, _)) if self.former_arn == Some(arn) => true,
            // Where the order is unknown, the store waits for some seconds. The model believes at once.
            Some((arn, _)) if self.arn != arn => false,
            Some((_, version)) if version.root != self.version.root => false,
            Some((_, version)) if version.depth == self.version.depth => self.is_gone,
            Some((_, version)) => version.depth < self.version.depth,
        }
    }

    fn of(read: Seen, before: Option<Self>) -> Option<Self> {
        match read {
            Some((arn, version)) => Some(Known {
                is_gone: false,
                arn,
                version,
                former_arn: match before {
                    Some(before) if before.arn == arn => before.former_arn,
                    Some(before) => Some(before.arn),
                    None => None,
                },
            }),
            None => before.map(|before| Known {
                is_gone: true,
                ..before
            }),
        }
    }
}

/// Remembers a state that was read and believed, unless a later one is known.
pub fn learn(known: &mut Option<Known>, state: Seen) {
    if !known.is_some_and(|known| known.is_later_than(state)) {
        accept(known, state);
    }
}

/// Remembers a version that AWS has acknowledged a put of, unless one on top of it is known.
pub fn written(known: &mut Option<Known>, arn: Arn, version: VersionId) {
    let follows = |known: Known| {
        let is_same = known.arn == arn && known.version.root == version.root;
        is_same && known.version.depth > version.depth
    };
    if !known.is_some_and(follows) {
        accept(known, Some((arn, version)));
    }
}

/// Remembers a state even if it seems to be older than the known one.
pub fn accept(known: &mut Option<Known>, state: Seen) {
    *known = Known::of(state, *known).or(*known);
}

/// Whether a description proves that a state which seems older than the known one is current.
pub fn is_proved(known: &Known, state: Seen, described: Option<Snapshot>) -> bool {
    let Some(described) = described else {
        return false;
    };
    let labelled = [
        Some(described.current),
        described.previous,
        described.tombstone,
    ];
    let agrees = match state {
        Some((_, version)) => described.current == version && !described.marked,
        None => described.marked,
    };
    labelled.contains(&Some(known.version)) && agrees
}
