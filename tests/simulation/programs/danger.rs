//! What a program concentrates on: with few things at a time, more of what each leads to is seen than
//! with all at once.

use std::time::Duration;

use fastrand::Rng;

use crate::aws::{Fault, Freedoms, SETTLING};

use super::program::Keys;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// A danger. The programs of consecutive seeds concentrate on one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Whatever comes.
    Any,
    /// Reads of what was just saved, deleted or created again show an older state,
    /// and AWS throttles the call that tells what exists.
    StaleReads,
    /// Processes save a grant for the first time at once, under different keys.
    FirstSaves,
    /// Only the index leads to a record, reads do not show it yet,
    /// and AWS throttles the call that tells what exists.
    KnownByIndex,
    /// Requests are executed and their responses are lost, or throttled when they are repeated, while
    /// others save the same record.
    LostResponses,
    /// Records are deleted and saved again at once, and AWS throttles the call that tells what exists.
    Deletions,
    /// A record is deleted, saved again and brought back at once, and responses are lost.
    Undeletions,
    /// A record is deleted and saved at once, and puts are executed after their client has given up.
    SavedWhileDeleted,
    /// Others delete and save again what a process has known for long, and reads show an older state.
    DeletedByOthers,
    /// A secret has as many tags as it can have, and writers stop halfway.
    FullSecrets,
    /// Requests are executed after their client has given up.
    LateRequests,
    /// Processes die at a request.
    Crashes,
    /// Operations are begun and not polled, or their runtime stands still.
    StandingStill,
    /// Wall clocks are set back.
    Clocks,
    /// Somebody changes records by hand.
    ByHand,
}

impl Danger {
    /// By seed. Programs of all kinds come more often.
    const ALL: [Danger; 16] = [
        Danger::Any,
        Danger::StaleReads,
        Danger::FirstSaves,
        Danger::KnownByIndex,
        Danger::LostResponses,
        Danger::Deletions,
        Danger::Undeletions,
        Danger::SavedWhileDeleted,
        Danger::LateRequests,
        Danger::Any,
        Danger::DeletedByOthers,
        Danger::FullSecrets,
        Danger::Crashes,
        Danger::StandingStill,
        Danger::Clocks,
        Danger::ByHand,
    ];

    pub fn of(seed: u64) -> Self {
        let number = usize::try_from(seed % Self::ALL.len() as u64);
        Self::ALL[number.unwrap_or_default()]
    }

    /// Which freedoms AWS takes.
    pub fn freedoms(self, random: &mut Rng) -> Freedoms {
        let calm = Freedoms {
            latency: MS(1)..=MS(random.u64(5..=80)),
            forced_deletion: MS(0)..=MS([0, 200, 5_000][random.usize(..3)]),
            short_pages: random.bool(),
            // What was replaced a moment ago is shown more often than with the longest lag.
            read_lag: [MS(300), MS(1_000), SETTLING][random.usize(..3)],
            ..Freedoms::none()
        };
        match self {
            Danger::Any => Freedoms::drawn(random),
            Danger::StaleReads => Freedoms {
                stale_reads: 30.0 + random.f64() * 70.0,
                stale_lists: [0.0, 60.0, 100.0][random.usize(..3)],
                throttled_untags: 70.0,
                ..calm
            },
            Danger::KnownByIndex => Freedoms {
                stale_reads: 30.0 + random.f64() * 70.0,
                throttled_untags: 70.0,
                ..calm
            },
            Danger::LostResponses => Freedoms {
                faults: drawn(
                    random,
                    &[Fault::ErrorAfter, Fault::ResetAfter, Fault::HangAfter],
                ),
                stale_reads: [0.0, 0.0, 30.0][random.usize(..3)],
                throttled_again: 30.0,
                ..calm
            },
            Danger::Deletions => Freedoms {
                versions: [100, 100, random.usize(3..12)][random.usize(..3)],
                stale_reads: [0.0, 40.0][random.usize(..2)],
                stale_lists: [0.0, 60.0][random.usize(..2)],
                throttled_untags: 70.0,
                ..calm
            },
            Danger::Undeletions => Freedoms {
                faults: drawn(
                    random,
                    &[Fault::ErrorAfter, Fault::ResetAfter, Fault::CrashAfter],
                ),
                stale_reads: [0.0, 0.0, 40.0][random.usize(..3)],
                ..calm
            },
            Danger::SavedWhileDeleted => Freedoms {
                latency: MS(1)..=MS(random.u64(80..=300)),
                faults: vec![(Fault::LateAfterReset, 5.0 + random.f64() * 15.0)],
                late: MS(20)..=MS(2_000),
                ..calm
            },
            Danger::DeletedByOthers => Freedoms {
                stale_reads: 70.0 + random.f64() * 30.0,
                read_lag: SETTLING,
                ..calm
            },
            Danger::FirstSaves => Freedoms {
                crashed_creations: [0.0, 50.0][random.usize(..2)],
                ..calm
            },
            Danger::LateRequests => Freedoms {
                faults: drawn(random, &[Fault::LateAfterReset, Fault::LateAfterHang]),
                abandoned: 100.0,
                late: MS(20)..=MS([5_000, 60_000, 240_000][random.usize(..3)]),
                ..calm
            },
            Danger::Crashes => Freedoms {
                faults: drawn(
                    random,
                    &[Fault::CrashBefore, Fault::CrashAfter, Fault::CrashLate],
                ),
                ..calm
            },
            Danger::FullSecrets | Danger::StandingStill | Danger::Clocks | Danger::ByHand => calm,
        }
    }

    /// Under which keys the grants are saved.
    pub fn grants(self, random: &mut Rng) -> Vec<Keys> {
        let any = [
            Keys::WithUser,
            Keys::WithUser,
            Keys::WithUser,
            Keys::OwnId,
            Keys::Mixed,
        ];
        let number = match self {
            Danger::Any => random.usize(1..=2),
            _ => [1, 1, 1, 2][random.usize(..4)],
        };
        let keys = match self {
            Danger::Any => &any[..],
            Danger::FirstSaves => &[Keys::Mixed],
            Danger::KnownByIndex => &[Keys::OwnIdFirst],
            Danger::Undeletions => &[Keys::WithUser, Keys::OwnId, Keys::Renewed],
            _ => &[Keys::WithUser, Keys::WithUser, Keys::OwnId],
        };
        (0..number)
            .map(|_| keys[random.usize(..keys.len())])
            .collect()
    }
}

/// Some of these faults, often.
fn drawn(random: &mut Rng, faults: &[Fault]) -> Vec<(Fault, f64)> {
    let mut drawn = Vec::new();
    for &fault in faults {
        if random.bool() {
            drawn.push((fault, 2.0 + random.f64() * 13.0));
        }
    }
    if drawn.is_empty() {
        drawn.push((faults[0], 5.0));
    }
    drawn
}
