//! A program from a seed.

mod plots;

use std::time::Duration;

use fastrand::Rng;

use crate::aws::LONGEST_LAG;

use super::columns;
use super::danger::Danger;
use super::mix::{Action, Kind, Mix};
use super::program::{FingerprintKey, Keys, Operation, Phase, Program, Step};
use super::settings::{clock_ahead, fingerprint_key, settings};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// After this time, lists show everything.
const SETTLED: Duration = LONGEST_LAG.saturating_add(Duration::from_secs(10));

/// The program of a seed.
pub fn program(seed: u64) -> Program {
    let mut random = Rng::with_seed(seed);
    let random = &mut random;
    let danger = Danger::of(seed);
    let by_force = random.bool();
    let processes = (0..random.usize(2..=4))
        .map(|number| settings(random, danger, number, by_force))
        .collect::<Vec<_>>();
    let grants = danger.grants(random);
    // Without the tag index only users and ids lead to records.
    let has_tag_index = grants.iter().any(|keys| *keys != Keys::WithUser) || random.u8(..8) > 0;
    let is_any = danger == Danger::Any;
    let by_hand = danger == Danger::ByHand;
    let mut generator = Generator {
        grants: &grants,
        processes: processes.len(),
        clock: processes[0].clock_ahead,
        mix: Mix::of(danger),
        danger,
        rolls_back: (is_any && random.u8(..6) == 0) || (by_hand && random.bool()),
        edits: (is_any && random.u8(..4) == 0) || (by_hand && random.bool()),
        has_tag_index,
        numbers: 0,
        process: 0,
        saved: vec![Vec::new(); grants.len()],
    };
    let number = random.usize(1..=3);
    let number = match danger {
        Danger::KnownByIndex | Danger::ByHand => number.max(2),
        Danger::Undeletions | Danger::DeletedByOthers | Danger::FullSecrets => number + 1,
        _ => number,
    };
    let mut phases: Vec<_> = (0..number)
        .map(|number| generator.phase(random, number))
        .collect();
    phases.extend(generator.last_phase());
    let fingerprint_key = match danger {
        Danger::Any => fingerprint_key(random, phases.len()),
        _ => FingerprintKey::Public,
    };
    settle_before_changes(&mut phases, fingerprint_key);
    Program {
        seed,
        danger,
        freedoms: danger.freedoms(random),
        replicates: is_any && random.u8(..4) == 0,
        has_tag_index,
        fingerprint_key,
        processes,
        grants,
        phases,
    }
}

/// Before a rotation of the key, and before somebody changes a record by hand, all is settled.
fn settle_before_changes(phases: &mut [Phase], key: FingerprintKey) {
    for number in 1..phases.len() {
        let is_rotated = key
            == FingerprintKey::InSecret {
                rotated_before: number,
            };
        if is_rotated || !phases[number].edits.is_empty() {
            phases[number - 1].pause = SETTLED;
        }
    }
}

struct Generator<'a> {
    grants: &'a [Keys],
    danger: Danger,
    mix: Mix,
    processes: usize,
    /// By how many seconds the clock of the first process is ahead.
    clock: i64,
    rolls_back: bool,
    edits: bool,
    has_tag_index: bool,
    /// Values that were made so far: each is another one.
    numbers: u32,
    /// The process whose steps are drawn.
    process: usize,
    /// By grant: what was saved so far.
    saved: Vec<Vec<String>>,
}

impl Generator<'_> {
    fn phase(&mut self, random: &mut Rng, number: usize) -> Phase {
        let most = random.usize(1..=12);
        let mut steps = Vec::new();
        for process in 0..self.processes {
            let length = random.usize(0..=most);
            self.process = process;
            let plot = self.plot(random, number);
            let steps_of = plot.unwrap_or_else(|| {
                let steps = (0..length).map(|_| self.step(random, number));
                steps.collect()
            });
            steps.push(steps_of);
        }
        let mut rollbacks = Vec::new();
        if self.rolls_back && number > 0 {
            rollbacks.push((MS(random.u64(0..2_000)), random.usize(..self.grants.len())));
        }
        let edits = match self.edits && number > 0 {
            true => vec![random.usize(..self.grants.len())],
            false => Vec::new(),
        };
        let fills = match self.danger == Danger::FullSecrets && number > 0 {
            true => vec![(MS(random.u64(0..4_000)), random.usize(..self.grants.len()))],
            false => Vec::new(),
        };
        let waits = match self.danger {
            Danger::DeletedByOthers => true,
            // Reads may be stale only for a short time.
            Danger::KnownByIndex => number > 0,
            Danger::StaleReads | Danger::Deletions => false,
            _ => random.u8(..3) == 0,
        };
        let renewed = self.grants.contains(&Keys::Renewed);
        let waits = waits || renewed || (number == 0 && self.grants.contains(&Keys::Mixed));
        let longest = match self.danger {
            Danger::KnownByIndex | Danger::StaleReads => 4_000,
            _ => 20_000,
        };
        Phase {
            steps,
            rollbacks,
            edits,
            fills,
            pause: if waits {
                SETTLED
            } else {
                MS(random.u64(0..longest))
            },
        }
    }

    fn step(&mut self, random: &mut Rng, phase: usize) -> Step {
        let point = MS(random.u64(1..200));
        match chosen(random, self.mix.steps) {
            Kind::Run => Step::Run(self.operation(random, phase)),
            Kind::Both => {
                let one = self.operation(random, phase);
                Step::Both(one, self.operation(random, phase))
            }
            Kind::Drop => Step::Drop(self.operation(random, phase), point),
            Kind::Hold => Step::Hold(self.operation(random, phase), point),
            Kind::StandStill => Step::StandStill(self.operation(random, phase)),
            Kind::SetClock => Step::SetClock(clock_ahead(random)),
            Kind::Pause => {
                let longest = self.mix.pauses[random.usize(..self.mix.pauses.len())];
                Step::Pause(MS(random.u64(0..longest)))
            }
            Kind::Crash => Step::Crash,
        }
    }

    fn operation(&mut self, random: &mut Rng, phase: usize) -> Operation {
        let grant = random.usize(..self.grants.len());
        let keys = self.grants[grant];
        let stays = |keys: &Keys| matches!(keys, Keys::Mixed | Keys::OwnIdFirst);
        let may_clear = !self.grants.iter().any(stays);
        let index = self.has_tag_index;
        // Only one process deletes what others bring back.
        let is_left = self.danger == Danger::Undeletions && self.process > 0;
        match chosen(random, self.mix.operations) {
            Action::Find => Operation::Find {
                grant,
                columns: match index {
                    true => columns::partial(random, grant, keys == Keys::OwnId),
                    false => columns::user(grant),
                },
            },
            Action::FindById => Operation::FindById { grant },
            Action::Delete if is_left => Operation::Undelete { grant },
            Action::Delete if !stays(&keys) => Operation::Delete { grant },
            Action::Undelete => Operation::Undelete { grant },
            Action::Invalidate => Operation::Invalidate { grant },
            Action::List => Operation::List,
            Action::Clear if may_clear => Operation::Clear,
            Action::Reindex if index => Operation::Reindex,
            Action::Save | Action::Delete | Action::Clear | Action::Reindex => {
                self.save_or_repeat(random, grant, phase)
            }
        }
    }

    /// Saves what was not saved before; or what was, as a retry does.
    fn save_or_repeat(&mut self, random: &mut Rng, grant: usize, phase: usize) -> Operation {
        let saved = &self.saved[grant];
        // What was saved before may have other keys.
        let may_repeat = matches!(self.grants[grant], Keys::WithUser | Keys::OwnId);
        if may_repeat && !saved.is_empty() && random.u8(..100) < self.mix.repeated {
            let from = saved.len().saturating_sub(4);
            let columns = saved[random.usize(from..saved.len())].clone();
            return Operation::Save { grant, columns };
        }
        self.save(random, grant, phase)
    }

    fn save(&mut self, random: &mut Rng, grant: usize, phase: usize) -> Operation {
        self.numbers += 1;
        let saved = columns::saved(random, grant, self.grants[grant], phase, self.numbers);
        self.saved[grant].push(saved.clone());
        Operation::Save {
            grant,
            columns: saved,
        }
    }
}

/// One of these, each as often as its weight says.
fn chosen<T: Copy>(random: &mut Rng, weighted: &[(u32, T)]) -> T {
    let all: u32 = weighted.iter().map(|(weight, _)| weight).sum();
    let mut drawn = random.u32(..all);
    for &(weight, one) in weighted {
        if drawn < weight {
            return one;
        }
        drawn -= weight;
    }
    unreachable!("less than the sum was drawn")
}
