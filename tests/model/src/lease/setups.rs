//! The configurations that are explored, and what may go wrong in each.

use crate::lease::configuration::{Faults, Kind, Mutation, Setup};
use crate::lease::invariants::Invariant;

use Kind::{Deleter, Explicit, ForeignLogin, ForeignSave, Refresher};

const NONE: Faults = Faults {
    crashes: 0,
    lost: 0,
    lost_by_zoho: 0,
    failed: 0,
    stale: 0,
    impatient: 0,
};
const CRASH: Faults = Faults { crashes: 1, ..NONE };
const FAILED: Faults = Faults { failed: 1, ..NONE };
const IMPATIENT: Faults = Faults {
    impatient: 1,
    ..NONE
};
/// What happens between a process and AWS.
const AWS: Faults = Faults {
    lost: 1,
    failed: 1,
    stale: 1,
    ..NONE
};
/// What happens to the holder of a lease.
const HOLDER: Faults = Faults {
    crashes: 1,
    lost_by_zoho: 1,
    impatient: 1,
    ..NONE
};
const AWS_AND_CRASH: Faults = Faults { crashes: 1, ..AWS };
const ONE_OF_EACH: Faults = Faults {
    crashes: 1,
    lost: 1,
    lost_by_zoho: 1,
    failed: 1,
    stale: 1,
    impatient: 1,
};
fn refreshers(name: &'static str, number: usize) -> Setup {
    Setup::new(name, &vec![Refresher; number])
}

fn refresh(number: usize) -> Setup {
    let names = ["2 processes", "3 processes", "4 processes"];
    refreshers(names[number - 2], number)
}

fn usable() -> Setup {
    Setup {
        is_usable: true,
        ..refreshers("before expiry", 3)
    }
}

fn rotated() -> Setup {
    Setup {
        rotates: true,
        ..refreshers("rotated", 2)
    }
}

fn rotated_alone() -> Setup {
    Setup {
        rotates: true,
        ..refreshers("rotated, 1 process", 1)
    }
}

fn rotated_and_saved() -> Setup {
    Setup {
        rotates: true,
        ..Setup::new(
            "rotated, foreign save",
            &[Refresher, Refresher, ForeignSave],
        )
    }
}

fn saved() -> Setup {
    Setup::new("foreign save", &[Refresher, Refresher, ForeignSave])
}

fn logged_in() -> Setup {
    Setup {
        rotates: true,
        ..Setup::new("foreign login", &[Refresher, Refresher, ForeignLogin])
    }
}

fn deleted() -> Setup {
    Setup::new("deletion", &[Refresher, Refresher, Deleter])
}

fn refused() -> Setup {
    Setup {
        accepts: false,
        ..refreshers("refused", 3)
    }
}

fn grant() -> Setup {
    Setup {
        has_grant: true,
        ..refreshers("grant", 3)
    }
}

fn explicit() -> Setup {
    Setup {
        has_grant: true,
        ..Setup::new("grant, explicit exchange", &[Refresher, Explicit])
    }
}

fn grant_and_deletion() -> Setup {
    Setup {
        has_grant: true,
        ..Setup::new("grant, deletion", &[Refresher, Refresher, Deleter])
    }
}

/// All but those that differ only in the number of processes.
fn all() -> Vec<Setup> {
    vec![
        refresh(2),
        usable(),
        rotated(),
        rotated_and_saved(),
        saved(),
        logged_in(),
        deleted(),
        refused(),
        grant(),
        explicit(),
        grant_and_deletion(),
    ]
}

/// What every run of the tests explores.
pub fn quick() -> Vec<Setup> {
    let mut setups: Vec<_> = [refresh(4), usable(), grant(), refused()]
        .map(|setup| setup.with(NONE))
        .to_vec();
    setups.push(refresh(2).with(ONE_OF_EACH));
    setups.push(rotated().with(ONE_OF_EACH));
    setups.push(explicit().with(HOLDER));
    setups.push(refresh(3).with(HOLDER));
    for setup in all() {
        if setup.processes.len() > 2 {
            setups.push(setup.clone().with(AWS));
            setups.push(setup.with(HOLDER));
        }
    }
    setups
}

/// What is explored with `MODEL=large`.
pub fn large() -> Vec<Setup> {
    vec![
        rotated_and_saved().with(ONE_OF_EACH),
        saved().with(ONE_OF_EACH),
        usable().with(ONE_OF_EACH),
        explicit().with(ONE_OF_EACH),
        refresh(4).with(HOLDER),
        grant_and_deletion().with(ONE_OF_EACH),
        grant().with(AWS_AND_CRASH),
    ]
}

/// Each mutation, where it is found, and what it violates.
pub fn mutations() -> Vec<(Setup, Invariant)> {
    use Invariant as It;
    use Mutation::*;
    let mutations = [
        (NoNonce, refresh(2), NONE, It::RequestsAreFew),
        (NoCompareAndSwap, refresh(2), NONE, It::RequestsAreFew),
        (
            SaveWithoutCompare,
            refresh(2),
            IMPATIENT,
            It::NoNewerTokenIsOverwritten,
        ),
        (NoStartCheck, refresh(2), IMPATIENT, It::RequestsAreFew),
        (TakeOverSending, grant(), CRASH, It::AGrantIsSentOnce),
        (NoSending, grant(), CRASH, It::AGrantIsSentOnce),
        (Revive, deleted(), NONE, It::DeletedStaysDeleted),
        (
            DropRotated,
            rotated_and_saved(),
            NONE,
            It::ARotatedTokenIsNotLost,
        ),
        (
            DropUnsaved,
            rotated_alone(),
            FAILED,
            It::ARotatedTokenIsNotLost,
        ),
        (NoFailed, refused(), NONE, It::RequestsAreFew),
    ];
    let setups = mutations.into_iter();
    setups
        .map(|(mutation, setup, faults, invariant)| {
            (setup.with(faults).mutated(mutation), invariant)
        })
        .collect()
}
