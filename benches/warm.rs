//! Hits in the cache, beside what one might use in its place: `cargo bench --bench warm`.
//!
//! One thread is measured by criterion. For two threads see `two_threads.rs`.

mod contestants;
mod two_threads;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use zoho_token_store_benches::Warm;

const NUMBERS_OF_TOKENS: [usize; 3] = [1, 1_000, 100_000];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut shared = two_threads::Results::default();
    for tokens in NUMBERS_OF_TOKENS {
        let (warm, client) = Warm::new(tokens);
        let contestants = contestants::contestants(&warm, client);
        let mut group = criterion.benchmark_group("warm");
        for contestant in &contestants {
            let name = BenchmarkId::new(contestant.name, tokens);
            let mut numbers = shuffled(tokens, 0);
            group.bench_function(name, |bencher| {
                bencher.iter(|| (contestant.hit)(black_box(numbers())));
            });
        }
        group.finish();
        shared.measure(&contestants, tokens);
    }
    criterion.final_summary();
    shared.write();
}

/// Returns numbers of tokens in an order that a processor cannot predict.
pub fn shuffled(tokens: usize, start: usize) -> impl FnMut() -> usize {
    let mut state = start.wrapping_mul(7_919);
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 31);
        (state >> 8) % tokens
    }
}
