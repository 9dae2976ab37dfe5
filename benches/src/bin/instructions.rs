//! A thousand hits of one kind, for `benches/instructions` to count the instructions of: callgrind
//! collects within the functions `measured_…` alone.

use std::hint::black_box;

use zoho_token_store_benches::Warm;

const HITS: usize = 1_000;
const TOKENS: usize = 100;

#[inline(never)]
fn measured_by_id(warm: &Warm) {
    for number in 0..HITS {
        black_box(warm.by_id(number % TOKENS));
    }
}

#[inline(never)]
fn measured_by_user(warm: &Warm) {
    for number in 0..HITS {
        black_box(warm.by_user(number % TOKENS));
    }
}

#[inline(never)]
fn measured_by_refresh_token(warm: &Warm) {
    for number in 0..HITS {
        black_box(warm.by_refresh_token(number % TOKENS));
    }
}

fn main() {
    let (warm, _) = Warm::new(TOKENS);
    match std::env::args().nth(1).as_deref() {
        Some("by_id") => measured_by_id(&warm),
        Some("by_user") => measured_by_user(&warm),
        Some("by_refresh_token") => measured_by_refresh_token(&warm),
        _ => panic!("give by_id, by_user or by_refresh_token"),
    }
}
