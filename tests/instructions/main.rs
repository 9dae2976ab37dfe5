//! Cache hits whose instructions `benches/instructions` counts: callgrind collects only within the
//! functions `measured_…`. Without an argument it makes one hit of each kind.

#[path = "../../benches/src/service.rs"]
mod service;
#[path = "../../benches/src/warm.rs"]
mod warm;

use std::hint::black_box;

use service::client;
use warm::{Warm, id};

/// Enough hits that moka's occasional upkeep makes no difference.
const HITS: usize = 10_000;
const TOKENS: usize = 10;

#[inline(never)]
fn measured_by_id(warm: &Warm, hits: usize) {
    for number in 0..hits {
        black_box(warm.by_id(id(&warm.tokens[number % TOKENS])));
    }
}

#[inline(never)]
fn measured_by_user(warm: &Warm, hits: usize) {
    for number in 0..hits {
        black_box(warm.by_user(number % TOKENS));
    }
}

#[inline(never)]
fn measured_by_refresh_token(warm: &Warm, hits: usize) {
    for number in 0..hits {
        black_box(warm.by_refresh_token(number % TOKENS));
    }
}

#[inline(never)]
fn measured_access_token(warm: &Warm, hits: usize) {
    for number in 0..hits {
        black_box(warm.access_token(number % TOKENS));
    }
}

fn main() {
    let (warm, _) = Warm::new(TOKENS);
    match std::env::args().nth(1).as_deref() {
        Some("by_id") => measured_by_id(&warm, HITS),
        Some("by_user") => measured_by_user(&warm, HITS),
        Some("by_refresh_token") => measured_by_refresh_token(&warm, HITS),
        Some("access_token") => measured_access_token(&warm, HITS),
        _ => {
            measured_by_id(&warm, 1);
            measured_by_user(&warm, 1);
            measured_by_refresh_token(&warm, 1);
            measured_access_token(&warm, 1);
        }
    }
}
