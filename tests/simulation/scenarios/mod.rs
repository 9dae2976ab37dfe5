//! What AWS may do and once broke a promise, step by step: one file for each kind, one test for
//! each promise.

mod checks;
mod clocks;
mod deletion;
mod failed_probes;
mod first_saves;
mod hand_written_fields;
mod held_futures;
mod lists;
mod lost_answers;
mod refused_puts;
mod rollbacks;
mod stale_reads;
mod tag_index;
mod time_limit;
mod undeletion;
mod write_limit;

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::aws::Freedoms;
use crate::process::{Ended, Stopped};
use crate::support::token::id;
use crate::world::{World, simulate};

/// Runs a scenario in which AWS does only what the scenario says.
fn scenario(body: impl AsyncFnOnce(World)) {
    simulate(1, Freedoms::none(), body);
}

/// Whether an operation was acknowledged. If not, it must have failed with an error that says to
/// try again.
fn acknowledged<T: Debug>(ended: &Ended<T>) -> bool {
    match ended {
        Ok(_) => true,
        Err(Stopped::Failed(error)) => {
            assert!(error.is_retryable(), "not an honest error: {error}");
            false
        }
        Err(stopped) => panic!("{stopped}"),
    }
}

/// The one record that AWS holds.
fn only_record(world: &World) -> BTreeMap<String, String> {
    let mut records = world.operator().records();
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0)
}

/// Checks, once lists show everything, that a process which knows nothing finds each record by each
/// of its keys.
async fn check_every_key_finds_its_record(world: &World) {
    world.settle().await;
    for record in world.operator().records() {
        for key in ["user_name", "access_token", "grant_token", "refresh_token"] {
            let Some(value) = record.get(key) else {
                continue;
            };
            let reader = world.process("reader").await;
            let found = reader.find(&by(key, value)).await.unwrap();
            let found = found.as_ref().map(id);
            assert_eq!(
                found,
                record.get("id").map(String::as_str),
                "found by {key}={value}"
            );
        }
    }
}

/// The partial token that asks by one key. A grant or refresh token alone needs its client.
fn by(key: &str, value: &str) -> String {
    match key {
        "grant_token" | "refresh_token" => format!("{key}={value} client_id=c client_secret=s"),
        _ => format!("{key}={value}"),
    }
}
