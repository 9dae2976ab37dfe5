//! Runs programs until one breaks an invariant, and tells what it found.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::aws::Counts;

use super::generate;
use super::history::Run;
use super::invariants;
use super::program::Program;
use super::run::run;
use super::shrink::shrink;

/// How many operations a debug build makes in a second of one processor's time at least.
const SLOWEST: f64 = 200.0;

/// What a run of a program broke.
struct Broken {
    invariant: &'static str,
    violation: String,
    trace: Vec<String>,
}

/// What was run.
#[derive(Default)]
struct Totals {
    programs: u64,
    operations: u64,
    /// Of the processor, in all threads; zero where nothing tells.
    time: Duration,
    counts: Counts,
}

impl Totals {
    /// Operations in a second of processor time, where that is known.
    fn rate(&self) -> Option<f64> {
        let seconds = self.time.as_secs_f64();
        (seconds > 0.0).then(|| self.operations as f64 / seconds)
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} programs, {} operations",
            self.programs, self.operations
        )?;
        if let Some(rate) = self.rate() {
            let seconds = self.time.as_secs_f64();
            write!(
                f,
                " in {seconds:.1} s of processor time, {rate:.0} a second"
            )?;
        }
        write!(f, "\n{}", self.counts)
    }
}

/// Runs the program of one seed, and prints its trace.
pub fn one(seed: u64) {
    let program = generate::program(seed);
    println!("{program}");
    match broken(&program) {
        Err(broken) => {
            println!("seed {seed} breaks {}", broken.invariant);
            let (program, broken) = smallest(program, broken);
            report(&program, &broken);
        }
        Ok(run) => println!("{}\nno invariant is broken", run.trace.join("\n")),
    }
}

/// Runs this many programs, or as many as can be run in this many seconds, on two threads.
///
/// # Panics
///
/// If one breaks an invariant, or if they are slower than [`SLOWEST`].
pub fn many(programs: u64, seconds: Option<u64>) {
    // Another beginning each time that it runs for long; the fixed budget is always the same.
    let first = seconds.map_or(0, |_| fastrand::u64(..1 << 40));
    let (next, began) = (AtomicU64::new(first), Instant::now());
    let goes_on = |seed: u64| match seconds {
        Some(seconds) => began.elapsed() < Duration::from_secs(seconds),
        None => seed < programs,
    };
    let (totals, found) = (Mutex::new(Totals::default()), Mutex::new(None));
    let found_one = || {
        found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    };
    thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !goes_on(seed) || found_one() {
                        return;
                    }
                    let program = generate::program(seed);
                    let before = processor_time();
                    match broken(&program) {
                        Ok(run) => add(&totals, &run, processor_time().saturating_sub(before)),
                        Err(broken) => {
                            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                            found.get_or_insert((program, broken));
                        }
                    }
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Written past the capture of test output, so that every run shows it.
    let _ = writeln!(
        std::io::stderr(),
        "simulation: seeds from {first} in {:.1} s on {} threads: {totals}",
        began.elapsed().as_secs_f64(),
        threads()
    );
    if let Some((program, broken)) = found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        println!("seed {} breaks {}", program.seed, broken.invariant);
        let (program, broken) = smallest(program, broken);
        report(&program, &broken);
    }
    // Time for which other threads and programs have the processor does not count.
    if let Some(rate) = totals.rate() {
        assert!(
            rate >= SLOWEST,
            "the simulation is slow: {rate:.0} operations in a second of processor time, at least \
             {SLOWEST:.0} are expected"
        );
    }
}

/// Runs this many programs and prints how many break which invariant, and the first of them.
pub fn survey(first: u64, programs: u64) {
    let mut found: BTreeMap<&str, (u64, u64, String)> = BTreeMap::new();
    for seed in first..first + programs {
        if let Err(broken) = broken(&generate::program(seed)) {
            let first = (0, seed, broken.violation);
            found.entry(broken.invariant).or_insert(first).0 += 1;
        }
    }
    for (invariant, (count, first, violation)) in found {
        println!("{count:>5} of {programs} break {invariant}, the first is {first}: {violation}");
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(2))
}

/// How long the processor has worked for this thread, where Linux tells; else always the same.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split(' ').next()?.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn add(totals: &Mutex<Totals>, run: &Run, time: Duration) {
    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    totals.programs += 1;
    totals.time += time;
    totals.operations += run.events.len() as u64 + run.audit.len() as u64;
    totals.counts.add(&run.counts);
}

/// Runs a program and checks it. A panic breaks an invariant, too.
fn broken(program: &Program) -> Result<Run, Broken> {
    match catch_unwind(AssertUnwindSafe(|| run(program))) {
        Err(_) => Err(Broken {
            invariant: "no_panic",
            violation: "the run panicked".to_owned(),
            trace: Vec::new(),
        }),
        Ok(run) => match invariants::violated(&run) {
            None => Ok(run),
            Some((invariant, violation)) => Err(Broken {
                invariant,
                violation,
                trace: run.trace,
            }),
        },
    }
}

/// The smallest program found that breaks the same invariant, and how.
fn smallest(program: Program, found: Broken) -> (Program, Broken) {
    let breaks = |program: &Program| {
        let broken = broken(program).err();
        broken.filter(|broken| broken.invariant == found.invariant)
    };
    let program = shrink(program, |program| breaks(program).is_some());
    let broken = breaks(&program).unwrap_or(found);
    (program, broken)
}

fn report(program: &Program, broken: &Broken) {
    let Broken {
        invariant,
        violation,
        trace,
    } = broken;
    panic!(
        "{invariant}: {violation}\n\n{program}\n{}\n\n{invariant}: {violation}\nSIMULATION_SEED={}",
        trace.join("\n"),
        program.seed
    );
}
