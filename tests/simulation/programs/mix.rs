//! How often what a process does is of each kind, for each danger.

use super::danger::Danger;

/// How often the steps and operations of a program are of each kind.
pub struct Mix {
    pub steps: &'static [(u32, Kind)],
    pub operations: &'static [(u32, Action)],
    /// Of 100 saves, how many repeat an earlier one.
    pub repeated: u8,
    /// The longest pauses, in milliseconds.
    pub pauses: &'static [u64],
}

/// A kind of step.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Run,
    Both,
    Drop,
    Hold,
    StandStill,
    SetClock,
    Pause,
    Crash,
}

/// A kind of operation.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    Save,
    Find,
    FindById,
    Delete,
    Undelete,
    Invalidate,
    List,
    Clear,
    Reindex,
}

use Action::{Clear, Delete, Find, FindById, Invalidate, List, Reindex, Save, Undelete};
use Kind::{Both, Crash, Drop, Hold, Pause, Run, SetClock, StandStill};

const ALL_STEPS: &[(u32, Kind)] = &[
    (70, Run),
    (10, Both),
    (4, Drop),
    (3, Hold),
    (1, StandStill),
    (2, SetClock),
    (7, Pause),
    (3, Crash),
];

const ALL_OPERATIONS: &[(u32, Action)] = &[
    (44, Save),
    (28, Find),
    (6, FindById),
    (10, Delete),
    (4, Invalidate),
    (5, List),
    (2, Clear),
    (1, Reindex),
];

impl Mix {
    pub fn of(danger: Danger) -> Self {
        let any = Mix {
            steps: ALL_STEPS,
            operations: ALL_OPERATIONS,
            repeated: 15,
            pauses: &[200, 6_000, 400_000],
        };
        match danger {
            Danger::Any => any,
            Danger::StaleReads => Mix {
                steps: &[(75, Run), (5, Both), (12, Pause), (8, Crash)],
                operations: &[
                    (40, Save),
                    (20, Find),
                    (5, FindById),
                    (22, Delete),
                    (5, Invalidate),
                    (10, List),
                ],
                repeated: 40,
                pauses: &[200, 4_000],
            },
            Danger::FirstSaves => Mix {
                steps: &[(90, Run), (10, Pause)],
                operations: &[(60, Save), (30, Find), (5, FindById), (5, List)],
                repeated: 0,
                pauses: &[200],
            },
            Danger::KnownByIndex => Mix {
                steps: &[(85, Run), (15, Pause)],
                operations: &[(50, Save), (40, Find), (5, FindById), (5, List)],
                repeated: 20,
                pauses: &[200, 2_000],
            },
            Danger::LostResponses => Mix {
                steps: &[(90, Run), (10, Pause)],
                operations: &[(75, Save), (15, Find), (10, FindById)],
                repeated: 10,
                pauses: &[200, 6_000],
            },
            Danger::Deletions => Mix {
                steps: &[(85, Run), (5, Both), (10, Pause)],
                operations: &[
                    (45, Save),
                    (12, Find),
                    (4, FindById),
                    (35, Delete),
                    (2, List),
                    (2, Clear),
                ],
                repeated: 15,
                pauses: &[200, 6_000],
            },
            Danger::SavedWhileDeleted => Mix {
                steps: &[(100, Run)],
                operations: &[(60, Save), (40, Delete)],
                repeated: 0,
                pauses: &[200],
            },
            Danger::DeletedByOthers => Mix {
                steps: &[(80, Run), (20, Pause)],
                operations: &[(40, Save), (40, Find), (15, Delete), (5, List)],
                repeated: 15,
                pauses: &[200, 2_000],
            },
            Danger::Undeletions => Mix {
                steps: &[(85, Run), (15, Pause)],
                operations: &[
                    (35, Save),
                    (20, Find),
                    (5, FindById),
                    (20, Delete),
                    (15, Undelete),
                    (5, List),
                ],
                repeated: 10,
                pauses: &[200, 6_000],
            },
            Danger::FullSecrets => Mix {
                steps: &[(80, Run), (20, Pause)],
                operations: &[(70, Save), (30, Find)],
                repeated: 0,
                pauses: &[200, 6_000],
            },
            Danger::LateRequests => Mix {
                steps: &[(65, Run), (15, Drop), (18, Pause), (2, Crash)],
                operations: &[(50, Save), (20, Find), (25, Delete), (5, List)],
                repeated: 15,
                pauses: &[200, 6_000, 60_000],
            },
            Danger::Crashes => Mix {
                steps: &[(85, Run), (5, Pause), (10, Crash)],
                operations: &[(65, Save), (20, Find), (10, Delete), (5, Reindex)],
                ..any
            },
            Danger::StandingStill => Mix {
                steps: &[
                    (50, Run),
                    (5, Both),
                    (10, Drop),
                    (15, Hold),
                    (20, StandStill),
                ],
                operations: &[
                    (35, Save),
                    (45, Find),
                    (5, FindById),
                    (10, Delete),
                    (5, Invalidate),
                ],
                ..any
            },
            Danger::Clocks => Mix {
                steps: &[(60, Run), (40, Pause)],
                operations: &[(70, Save), (20, Find), (10, FindById)],
                repeated: 0,
                pauses: &[10_000],
            },
            Danger::ByHand => Mix {
                steps: &[(80, Run), (5, Both), (15, Pause)],
                pauses: &[200, 6_000, 30_000],
                ..any
            },
        }
    }
}
