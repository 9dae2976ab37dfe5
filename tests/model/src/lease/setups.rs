//! The configurations that are explored, and what may go wrong in each.

use crate::lease::configuration::{Faults, Kind, Mutation, Setup, Stage};
use crate::lease::invariants::Invariant;

use Kind::{Deleter, Exchanger, Explicit, ForeignLogin, ForeignSave, Refresher};

const NONE: Faults = Faults {
    crashes: 0,
    lost: 0,
    lost_by_zoho: 0,
    unavailable: 0,
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
const CRASH_AND_LOST: Faults = Faults {
    crashes: 1,
    lost_by_zoho: 1,
    ..NONE
};
/// What makes Zoho be asked again after a note.
const UNAVAILABLE: Faults = Faults {
    crashes: 1,
    unavailable: 1,
    ..NONE
};
const TWICE_UNAVAILABLE: Faults = Faults {
    lost: 1,
    unavailable: 2,
    failed: 1,
    ..NONE
};
const ONE_OF_EACH: Faults = Faults {
    crashes: 1,
    lost: 1,
    lost_by_zoho: 1,
    unavailable: 0,
    failed: 1,
    stale: 1,
    impatient: 1,
};

fn refreshers(name: &'static str, number: usize) -> Setup {
    Setup::new(name, &vec![Refresher; number])
}

fn refresh(number: usize) -> Setup {
    let names = ["2 processes", "3 processes", "4 processes", "5 processes"];
    refreshers(names[number - 2], number)
}

fn usable() -> Setup {
    Setup {
        stage: Stage::Usable,
        ..refreshers("before expiry", 3)
    }
}

fn early() -> Setup {
    Setup {
        stage: Stage::Early,
        time_passes: true,
        ..refreshers("early window", 3)
    }
}

fn early_four() -> Setup {
    Setup {
        name: "early window, 4 processes",
        processes: vec![Refresher; 4],
        ..early()
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

fn insisted() -> Setup {
    Setup {
        accepts: false,
        ..Setup::new("refused, refresh by hand", &[Refresher, Explicit])
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

fn login() -> Setup {
    Setup::new("second login", &[Exchanger, Exchanger, Refresher])
}

/// All but those that differ only in the number of processes.
fn all() -> Vec<Setup> {
    vec![
        refresh(2),
        usable(),
        early(),
        rotated(),
        rotated_and_saved(),
        saved(),
        logged_in(),
        deleted(),
        refused(),
        insisted(),
        grant(),
        explicit(),
        grant_and_deletion(),
        login(),
    ]
}

/// What every run of the tests explores.
pub fn quick() -> Vec<Setup> {
    let mut setups: Vec<_> = [refresh(5), usable(), early(), grant(), refused()]
        .map(|setup| setup.with(NONE))
        .to_vec();
    setups.push(refresh(2).with(ONE_OF_EACH));
    setups.push(rotated().with(ONE_OF_EACH));
    setups.push(explicit().with(HOLDER));
    setups.push(insisted().with(HOLDER));
    for setup in [refresh(3), early(), rotated(), grant(), explicit()] {
        setups.push(setup.with(UNAVAILABLE));
    }
    setups.push(login().with(NONE));
    setups.push(login().with(UNAVAILABLE));
    setups.push(login().with(CRASH_AND_LOST));
    setups.push(refresh(2).with(TWICE_UNAVAILABLE));
    setups.push(refresh(3).with(HOLDER));
    for setup in all().into_iter().filter(|setup| setup.processes.len() > 2) {
        setups.push(setup.clone().with(AWS));
        // With time that passes, and a login beside a refresh, there are so many states that it is a
        // large one.
        if !setup.time_passes && !setup.logs_in() {
            setups.push(setup.with(HOLDER));
        }
    }
    setups
}

/// What is explored with `MODEL=large`.
pub fn large() -> Vec<Setup> {
    vec![
        usable().with(ONE_OF_EACH),
        early().with(HOLDER),
        login().with(HOLDER),
        refresh(3).with(TWICE_UNAVAILABLE),
        refresh(3).with(ONE_OF_EACH),
        grant_and_deletion().with(ONE_OF_EACH),
        explicit().with(ONE_OF_EACH),
        refresh(4).with(CRASH_AND_LOST),
        refresh(4).with(UNAVAILABLE),
        early_four().with(CRASH_AND_LOST),
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
        (ForgetSent, login(), CRASH, It::AGrantIsSentOnce),
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
        (
            NoLeaseAfterNote,
            refresh(3),
            UNAVAILABLE,
            It::RequestsAreFew,
        ),
    ];
    let setups = mutations.into_iter();
    setups
        .map(|(mutation, setup, faults, invariant)| {
            (setup.with(faults).mutated(mutation), invariant)
        })
        .collect()
}
