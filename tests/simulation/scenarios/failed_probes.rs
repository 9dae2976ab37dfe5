//! Reads that find nothing, while the call that tells if a secret exists fails: that proves nothing.

use std::time::Duration;

use crate::aws::{Fault, Wanted};
use crate::support::token::id;
use crate::world::World;

use super::{acknowledged, only_record, scenario};

const PROBE: Wanted = Wanted::Action("UntagResource");

const FAULTS: [Fault; 4] = [
    Fault::Throttled,
    Fault::Unavailable,
    Fault::ResetBefore,
    Fault::HangBefore,
];

/// Runs a scenario for each way in which the call fails.
fn with_failing_probes(body: impl AsyncFn(World, Fault)) {
    for fault in FAULTS {
        scenario(async |world| body(world, fault).await);
    }
}

#[test]
fn a_deletion_is_not_acknowledged_if_nothing_tells_whether_the_record_exists() {
    with_failing_probes(async |world, fault| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let before = world.now();
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.reads_show("b", before);
        world.order_calls("b", 1, PROBE, fault);
        let deleted = b.delete(id(&saved)).await;
        if acknowledged(&deleted) {
            assert_eq!(world.operator().records(), [], "{fault:?}");
        }
    });
}

#[test]
fn a_save_doubles_no_record_if_nothing_tells_whether_it_exists() {
    with_failing_probes(async |world, fault| {
        let (a, b) = (world.process("a").await, world.process("b").await);
        let before = world.now();
        a.save("id=own user_name=u refresh_token=r").await.unwrap();
        world.reads_show("b", before);
        world.order_calls("b", 1, PROBE, fault);
        acknowledged(&b.save("user_name=u access_token=2").await);
        world.settle().await;
        only_record(&world);
    });
}

#[test]
fn a_lookup_does_not_find_nothing_if_nothing_tells_whether_the_record_exists() {
    with_failing_probes(async |world, fault| {
        let a = world.process("a").await;
        let before = world.now();
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        a.invalidate(id(&saved));
        world.reads_show_until("a", before, before + Duration::from_secs(60));
        world.order_calls("a", 1, PROBE, fault);
        let found = a.find("user_name=u").await;
        if acknowledged(&found) {
            assert_eq!(found.unwrap(), Some(saved), "{fault:?}");
        }
    });
}
