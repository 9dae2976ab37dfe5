//! How the processes of a program are set up.

use std::time::Duration;

use fastrand::Rng;

use super::danger::Danger;
use super::program::{FingerprintKey, Settings};

const MS: fn(u64) -> Duration = Duration::from_millis;

pub fn fingerprint_key(random: &mut Rng, phases: usize) -> FingerprintKey {
    match random.u8(..5) {
        0 => FingerprintKey::InSecret {
            rotated_before: random.usize(1..=phases),
        },
        _ => FingerprintKey::Public,
    }
}

/// The settings of one process. In most programs, all processes delete alike.
pub fn settings(random: &mut Rng, danger: Danger, number: usize, by_force: bool) -> Settings {
    let capacity = match danger {
        // A cached record is not read.
        Danger::StaleReads | Danger::StandingStill => [None, Some(1), Some(1_000)],
        Danger::DeletedByOthers => [None, None, Some(1)],
        Danger::Clocks => [Some(1_000); 3],
        _ => [None, Some(1_000), Some(1_000)],
    };
    let is_clocks = danger == Danger::Clocks;
    let time_to_live = match is_clocks {
        true => MS(10_000),
        false => [MS(1_000), MS(10_000), MS(300_000)][random.usize(..3)],
    };
    let stale = [None, None, Some(MS(60_000))][random.usize(..3)];
    Settings {
        cache_capacity: capacity[random.usize(..3)],
        cache_time_to_live: time_to_live,
        serves_stale_for: stale.filter(|_| !is_clocks),
        clock_ahead: match is_clocks {
            // It can be set back often.
            true => random.i64(100..=290),
            // Writers take tags of others for older than they are if their clocks differ.
            false if danger == Danger::FullSecrets => 0,
            false => [0, 0, clock_ahead(random)][random.usize(..3)],
        },
        deletes_by_force: match danger {
            // The one that deletes leaves what can be brought back; how the others are set up must not
            // matter.
            Danger::Undeletions => number > 0 && random.bool(),
            Danger::SavedWhileDeleted | Danger::DeletedByOthers => false,
            _ => by_force,
        },
    }
}

/// Within what AWS accepts of a signature.
pub fn clock_ahead(random: &mut Rng) -> i64 {
    random.i64(-290..=290)
}
