//! How many hits two threads make for each that one makes.
//!
//! Other programs take processors away while this runs. So one thread and two are measured in turn,
//! in short rounds, and a round counts only if its threads began and ended together: then both had a
//! processor. The result is the median of the rounds that count.

use std::ops::RangeFrom;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::contestants::Contestant;
use crate::shuffled;

const ROUND: Duration = Duration::from_millis(1);
const ROUNDS: usize = 40;
/// How long to wait for rounds that count.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was measured so far.
#[derive(Default)]
pub struct Results {
    of_contestants: Vec<Value>,
}

impl Results {
    /// Measures all of them.
    pub fn measure(&mut self, contestants: &[Contestant<'_>], tokens: usize) {
        for contestant in contestants {
            let (mut one, mut two) = (Vec::new(), Vec::new());
            let began = Instant::now();
            // No round looks up the tokens that the one before it has left in the processor's cache.
            let mut seeds = 0..;
            while two.len() < ROUNDS && began.elapsed() < PATIENCE {
                one.extend(round(contestant, tokens, 1, &mut seeds));
                two.extend(round(contestant, tokens, 2, &mut seeds));
            }
            let ratio = median(&mut two) / median(&mut one);
            println!(
                "two threads/{}/{tokens}: {ratio:.2} times one, of {} rounds",
                contestant.name,
                two.len()
            );
            self.of_contestants.push(json!({
                "contestant": contestant.name, "tokens": tokens, "ratio": ratio, "rounds": two.len(),
            }));
        }
    }

    /// Writes it where the report looks for it.
    pub fn write(&self) {
        let file = zoho_token_store_benches::results().join("two_threads.json");
        let written = std::fs::write(&file, Value::from(self.of_contestants.clone()).to_string());
        written.expect("the results can be written");
    }
}

/// Returns the hits per nanosecond of these threads together; none if they did not run at the same
/// time.
fn round(
    contestant: &Contestant<'_>,
    tokens: usize,
    threads: usize,
    seeds: &mut RangeFrom<usize>,
) -> Option<f64> {
    let ready = AtomicUsize::new(0);
    let run = |seed: usize| {
        let mut next = shuffled(tokens, seed);
        ready.fetch_add(1, Ordering::SeqCst);
        while ready.load(Ordering::SeqCst) < threads {
            std::hint::spin_loop();
        }
        let (start, mut hits) = (Instant::now(), 0_u32);
        loop {
            for _ in 0..32 {
                (contestant.hit)(next());
            }
            hits += 32;
            let end = Instant::now();
            if end - start >= ROUND {
                return (start, end, hits);
            }
        }
    };
    let runs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = seeds
            .take(threads)
            .map(|seed| scope.spawn(move || run(seed)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a hit does not fail"))
            .collect()
    });
    let first = runs.iter().map(|run| run.0).min()?;
    let together = runs
        .iter()
        .all(|(start, end, _)| *start - first <= ROUND / 50 && *end - first <= ROUND + ROUND / 10);
    let hits = runs
        .iter()
        .map(|(start, end, hits)| f64::from(*hits) / (*end - *start).as_nanos() as f64);
    together.then(|| hits.sum())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
