//! Makes a program that breaks an invariant smaller, as long as it still breaks it.

use crate::support::environment;

use super::program::{Program, Step};

/// A program is run at most this many times, unless `SIMULATION_RUNS` says otherwise.
const RUNS: u64 = 250;

/// Makes the program smaller as long as it still fails.
pub fn shrink(program: Program, fails: impl Fn(&Program) -> bool) -> Program {
    let most = environment::number("SIMULATION_RUNS").unwrap_or(RUNS);
    let (mut smallest, mut runs) = (program, 0);
    loop {
        let mut smaller = None;
        for candidate in candidates(&smallest) {
            if runs >= most {
                return smallest;
            }
            runs += 1;
            if fails(&candidate) {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(program) => smallest = program,
            None => return smallest,
        }
    }
}

/// Smaller programs, the smallest first.
fn candidates(program: &Program) -> Vec<Program> {
    let with = |change: &dyn Fn(&mut Program)| {
        let mut smaller = program.clone();
        change(&mut smaller);
        smaller
    };
    let mut candidates = Vec::new();
    for phase in 0..program.phases.len() {
        candidates.push(with(&|program| drop(program.phases.remove(phase))));
        for process in 0..program.processes.len() {
            if !program.phases[phase].steps[process].is_empty() {
                candidates.push(with(&|program| {
                    program.phases[phase].steps[process].clear()
                }));
            }
        }
    }
    for (phase, steps) in program.phases.iter().enumerate() {
        for (process, steps) in steps.steps.iter().enumerate() {
            for half in [0..steps.len() / 2, steps.len() / 2..steps.len()] {
                if steps.len() > 3 {
                    candidates.push(with(&|program| {
                        program.phases[phase].steps[process].drain(half.clone());
                    }));
                }
            }
        }
    }
    candidates.extend(calmer(program));
    for (phase, steps) in program.phases.iter().enumerate() {
        for (process, steps) in steps.steps.iter().enumerate() {
            for (number, step) in steps.iter().enumerate() {
                candidates.push(with(&|program| {
                    program.phases[phase].steps[process].remove(number);
                }));
                for simpler in simpler(step) {
                    candidates.push(with(&|program| {
                        program.phases[phase].steps[process][number] = simpler.clone();
                    }));
                }
            }
        }
        if !steps.rollbacks.is_empty() {
            candidates.push(with(&|program| program.phases[phase].rollbacks.clear()));
        }
        if !steps.fills.is_empty() {
            candidates.push(with(&|program| program.phases[phase].fills.clear()));
        }
        if !steps.edits.is_empty() {
            candidates.push(with(&|program| program.phases[phase].edits.clear()));
        }
    }
    candidates
}

/// The same program under an AWS that takes fewer freedoms.
fn calmer(program: &Program) -> Vec<Program> {
    let mut candidates = Vec::new();
    let freedoms = &program.freedoms;
    for number in 0..freedoms.faults.len() {
        let mut calmer = program.clone();
        calmer.freedoms.faults.remove(number);
        candidates.push(calmer);
    }
    if freedoms.stale_reads > 0.0 {
        let mut calmer = program.clone();
        calmer.freedoms.stale_reads = 0.0;
        candidates.push(calmer);
    }
    if freedoms.stale_lists > 0.0 {
        let mut calmer = program.clone();
        calmer.freedoms.stale_lists = 0.0;
        candidates.push(calmer);
    }
    if freedoms.abandoned > 0.0 {
        let mut calmer = program.clone();
        calmer.freedoms.abandoned = 0.0;
        candidates.push(calmer);
    }
    if freedoms.short_pages {
        let mut calmer = program.clone();
        calmer.freedoms.short_pages = false;
        candidates.push(calmer);
    }
    if program.replicates {
        let mut calmer = program.clone();
        calmer.replicates = false;
        candidates.push(calmer);
    }
    candidates
}

fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Both(one, other) => vec![Step::Run(one.clone()), Step::Run(other.clone())],
        Step::Drop(operation, _) | Step::Hold(operation, _) | Step::StandStill(operation) => {
            vec![Step::Run(operation.clone())]
        }
        Step::Run(_) | Step::Pause(_) | Step::SetClock(_) | Step::Crash => Vec::new(),
    }
}
