//! The configurations that are explored, and what may go wrong in each.

use crate::writes::configuration::{Call, Faults, Initial, Kind, Mutation, Setup};
use crate::writes::invariants::Invariant;

const DELETE: Kind = Kind::Delete;

/// All but RestoreSecret and DeleteSecret: see [`limits`].
const LATE: &[Call] = &[Call::Create, Call::Put, Call::Tag, Call::Untag];

/// The same where a name can be used again.
const LATE_IF_FORCED: &[Call] = &[Call::Put, Call::Tag, Call::Untag];

const CRASH_AND_STALE: Faults = Faults {
    crashes: 1,
    stale: 1,
    ..Faults::NONE
};
const LOST: Faults = Faults {
    lost: 1,
    ..Faults::NONE
};
const LATE_CALL: Faults = Faults {
    late: 1,
    ..Faults::NONE
};
const STALE: Faults = Faults {
    stale: 1,
    ..Faults::NONE
};
const ONE_OF_EACH: Faults = Faults {
    crashes: 1,
    lost: 1,
    late: 1,
    stale: 1,
    throttled: 0,
};
const TWO_OF_EACH: Faults = Faults {
    crashes: 2,
    lost: 2,
    late: 2,
    stale: 2,
    throttled: 0,
};
const LOST_AND_THROTTLED: Faults = Faults {
    lost: 1,
    throttled: 1,
    ..Faults::NONE
};
const STALE_AND_THROTTLED: Faults = Faults {
    stale: 1,
    throttled: 1,
    ..Faults::NONE
};

const fn save(field: usize, value: u8) -> Kind {
    Kind::Save { field, value }
}

pub fn different_fields() -> Setup {
    let programs: [&[Kind]; 3] = [&[save(0, 1)], &[save(1, 2)], &[DELETE]];
    Setup::new("different fields", Initial::Record, &programs)
}

pub fn same_field() -> Setup {
    let programs: [&[Kind]; 3] = [&[save(0, 1)], &[save(0, 2)], &[DELETE]];
    Setup::new("same field", Initial::Record, &programs)
}

pub fn first_saves() -> Setup {
    let programs: [&[Kind]; 3] = [&[save(0, 1)], &[save(1, 2)], &[DELETE]];
    Setup::new("first saves", Initial::Absent, &programs)
}

pub fn restored() -> Setup {
    let programs: [&[Kind]; 3] = [&[save(0, 1)], &[save(1, 2)], &[DELETE]];
    Setup::new("restored", Initial::Deleted, &programs)
}

pub fn forced() -> Setup {
    let programs: [&[Kind]; 3] = [&[save(0, 1)], &[save(1, 2)], &[DELETE]];
    Setup::new("forced", Initial::Record, &programs).by_force()
}

/// A process saves the same again, after another one has saved something else.
pub fn unchanged() -> Setup {
    let programs: [&[Kind]; 2] = [&[save(0, 1), save(0, 1)], &[save(0, 2)]];
    Setup::new("unchanged", Initial::Record, &programs)
}

pub fn save_delete_save() -> Setup {
    let programs: [&[Kind]; 2] = [&[save(0, 1), DELETE, save(0, 3)], &[save(1, 2)]];
    Setup::new("save, delete, save", Initial::Record, &programs)
}

pub fn one_process() -> Setup {
    let programs: [&[Kind]; 1] = [&[save(0, 1), save(0, 2), save(0, 1), DELETE, save(0, 3)]];
    Setup::new("one process", Initial::Record, &programs)
}

fn with(setup: Setup, faults: Faults) -> Setup {
    let late = match setup.by_force {
        true => LATE_IF_FORCED,
        false => LATE,
    };
    setup.with(faults, late)
}

/// What every run of the tests explores.
pub fn quick() -> Vec<Setup> {
    let mut setups = Vec::new();
    let many = [
        different_fields(),
        same_field(),
        restored(),
        forced(),
        save_delete_save(),
    ];
    for setup in many {
        for faults in [CRASH_AND_STALE, LOST, LATE_CALL] {
            setups.push(with(setup.clone(), faults));
        }
    }
    for setup in [same_field(), first_saves(), restored()] {
        for faults in [LOST_AND_THROTTLED, STALE_AND_THROTTLED] {
            setups.push(with(setup.clone(), faults));
        }
    }
    let one_of_each = [first_saves(), unchanged(), one_process()];
    setups.extend(one_of_each.map(|setup| with(setup, ONE_OF_EACH)));
    setups
}

/// What is explored with `MODEL=large`.
pub fn large() -> Vec<Setup> {
    let one_of_each = [
        different_fields(),
        same_field(),
        restored(),
        save_delete_save(),
    ];
    let two_of_each = [unchanged(), one_process()];
    let one_of_each = one_of_each.map(|setup| with(setup, ONE_OF_EACH));
    let two_of_each = two_of_each.map(|setup| with(setup, TWO_OF_EACH));
    one_of_each.into_iter().chain(two_of_each).collect()
}

/// Each mutation, where it is found, and what it violates.
pub fn mutations() -> Vec<(Setup, Invariant)> {
    use Invariant as It;
    use Mutation::*;
    let mutations = [
        (
            TagAfterPut,
            different_fields(),
            Faults::NONE,
            It::IndexIsComplete,
        ),
        (
            PruneByField,
            same_field(),
            Faults::NONE,
            It::IndexIsComplete,
        ),
        (
            RandomSuccessor,
            different_fields(),
            Faults::NONE,
            It::AVersionHasOneSuccessor,
        ),
        (
            OutrunUnlessCurrent,
            same_field(),
            LOST,
            It::AcknowledgedSaveIsInTheChain,
        ),
        (
            RestoreWithoutTombstone,
            different_fields(),
            Faults::NONE,
            It::DeletedStaysDeleted,
        ),
        (
            AddressByName,
            forced(),
            LATE_CALL,
            It::AcknowledgedSaveIsNotDeletedLater,
        ),
        (
            BelieveUnchanged,
            unchanged(),
            STALE,
            It::AcknowledgedSaveIsInTheChain,
        ),
        (
            NoKnownStates,
            one_process(),
            STALE,
            It::AcknowledgedSaveIsInTheChain,
        ),
        (
            DeleteOnNotFound,
            first_saves(),
            STALE,
            It::AcknowledgedDeletionHasDeleted,
        ),
        (ForgetRefusedPut, same_field(), LOST, It::IndexIsComplete),
        (BelieveTombstone, restored(), STALE, It::DeletedStaysDeleted),
        (
            ReadWhenThrottled,
            same_field(),
            LOST_AND_THROTTLED,
            It::AcknowledgedSaveIsInTheChain,
        ),
        (
            BelieveFailedProbe,
            first_saves(),
            STALE_AND_THROTTLED,
            It::AcknowledgedDeletionHasDeleted,
        ),
    ];
    let setups = mutations.into_iter();
    setups
        .map(|(mutation, setup, faults, invariant)| {
            (with(setup, faults).mutated(mutation), invariant)
        })
        .collect()
}

/// A process whose known states keep it from acknowledging a save on a stale read.
pub fn believing_with_known_states() -> Setup {
    with(one_process(), STALE).mutated(Mutation::BelieveUnchanged)
}

/// What the protocol cannot prevent, because AWS has no condition for these calls.
pub fn limits() -> Vec<(&'static str, Setup, Invariant)> {
    use Invariant as It;
    vec![
        (
            "a late DeleteSecret",
            restored().with(LATE_CALL, &[Call::Delete]),
            It::AcknowledgedSaveIsNotDeletedLater,
        ),
        (
            "a late RestoreSecret",
            restored().with(LATE_CALL, &[Call::Restore]),
            It::DeletedStaysDeleted,
        ),
        (
            "a stale DescribeSecret before RestoreSecret",
            restored().with(STALE, &[]).with_stale_descriptions(),
            It::DeletedStaysDeleted,
        ),
        (
            "a late CreateSecret after a deletion by force",
            first_saves().by_force().with(LATE_CALL, &[Call::Create]),
            It::DeletedStaysDeleted,
        ),
    ]
}
