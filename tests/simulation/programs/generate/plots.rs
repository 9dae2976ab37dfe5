//! What processes do step by step, where a danger needs more than chance.

use std::time::Duration;

use fastrand::Rng;

use super::{Generator, MS};
use crate::programs::columns;
use crate::programs::danger::Danger;
use crate::programs::program::{Keys, Operation, Phase, Step};

impl Generator<'_> {
    /// What the process does in this phase. None if that is left to chance.
    pub fn plot(&mut self, random: &mut Rng, phase: usize) -> Option<Vec<Step>> {
        let is_first = self.process == 0;
        Some(match (self.danger, phase) {
            (Danger::FirstSaves, 0) => self.save_first(random),
            (Danger::KnownByIndex | Danger::DeletedByOthers, 0) if !is_first => Vec::new(),
            (Danger::KnownByIndex | Danger::DeletedByOthers, 0) => self.save_each(random),
            (Danger::DeletedByOthers, _) if is_first => self.delete_and_save(random, phase),
            (Danger::DeletedByOthers, _) if self.process == 1 => self.save_after(random, phase),
            (Danger::StaleReads, _) if is_first && random.bool() => self.save_again(random, phase),
            (Danger::Clocks, _) if is_first => self.set_back(random),
            (Danger::FullSecrets, 1..) if is_first => self.save_slowly(random, phase),
            (Danger::Undeletions, _) if self.grants.contains(&Keys::Renewed) => {
                self.renew(random, phase)
            }
            _ => return None,
        })
    }

    /// Saves of what may have become two records, under all keys: the promise is that such a save
    /// makes one of them.
    pub fn last_phase(&mut self) -> Option<Phase> {
        let mixed = (0..self.grants.len()).filter(|&grant| self.grants[grant] == Keys::Mixed);
        let saves: Vec<_> = mixed
            .map(|grant| {
                self.numbers += 1;
                let columns = columns::all_keys(grant, self.numbers);
                Step::Run(Operation::Save { grant, columns })
            })
            .collect();
        let mut steps = vec![Vec::new(); self.processes];
        let has_any = !saves.is_empty();
        steps[0] = saves;
        has_any.then_some(Phase {
            steps,
            rollbacks: Vec::new(),
            edits: Vec::new(),
            fills: Vec::new(),
            pause: Duration::ZERO,
        })
    }

    /// A save of one grant; by the first process sometimes another one, when the others are done.
    fn save_first(&mut self, random: &mut Rng) -> Vec<Step> {
        let grant = random.usize(..self.grants.len());
        let mut steps = vec![Step::Run(self.save(random, grant, 0))];
        for _ in 0..random.usize(0..=2) {
            if self.process > 0 {
                break;
            }
            steps.push(Step::Pause(MS(random.u64(10_000..20_000))));
            steps.push(Step::Run(self.save(random, grant, 0)));
        }
        steps
    }

    /// A save of each grant.
    fn save_each(&mut self, random: &mut Rng) -> Vec<Step> {
        let grants = 0..self.grants.len();
        let saves = grants.map(|grant| self.save(random, grant, 0));
        saves.map(Step::Run).collect()
    }

    /// Deletes each grant and saves it again.
    fn delete_and_save(&mut self, random: &mut Rng, phase: usize) -> Vec<Step> {
        let mut steps = vec![Step::Pause(MS(random.u64(0..500)))];
        for grant in 0..self.grants.len() {
            steps.push(Step::Run(Operation::Delete { grant }));
            steps.push(Step::Pause(MS(random.u64(0..2_500))));
            steps.push(Step::Run(self.save(random, grant, phase)));
        }
        steps
    }

    /// Saves each grant and finds it, some time later.
    fn save_after(&mut self, random: &mut Rng, phase: usize) -> Vec<Step> {
        let mut steps = vec![Step::Pause(MS(random.u64(500..4_000)))];
        for grant in 0..self.grants.len() {
            let columns = columns::user(grant);
            let find = Step::Run(Operation::Find { grant, columns });
            steps.push(Step::Run(self.save(random, grant, phase)));
            steps.extend([find.clone(), Step::Run(Operation::FindById { grant }), find]);
        }
        steps
    }

    /// Saves that stand still for longer than the tags of a write stay at least.
    fn save_slowly(&mut self, random: &mut Rng, phase: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..random.usize(1..=2) {
            let grant = random.usize(..self.grants.len());
            let save = self.save(random, grant, phase);
            steps.push(Step::Hold(save, MS(random.u64(1..300))));
        }
        steps.push(Step::Pause(MS(random.u64(61_000..100_000))));
        steps
    }

    /// A grant gets a record, loses it, gets another one, and loses that, too. In between somebody
    /// tries to bring the first one back.
    fn renew(&mut self, random: &mut Rng, phase: usize) -> Vec<Step> {
        let is_first = self.process == 0;
        let mut steps = Vec::new();
        for grant in 0..self.grants.len() {
            match phase {
                0 | 1 if !is_first => {}
                0 => steps.extend([
                    Step::Run(self.save(random, grant, phase)),
                    Step::Run(self.save(random, grant, phase)),
                    Step::Run(Operation::Delete { grant }),
                ]),
                1 => steps.push(Step::Run(self.save(random, grant, phase))),
                2 if is_first && random.bool() => {
                    steps.push(Step::Run(Operation::Delete { grant }));
                }
                _ if !is_first => steps.push(Step::Run(Operation::Undelete { grant })),
                _ => {}
            }
            let columns = columns::user(grant);
            steps.push(Step::Run(Operation::Find { grant, columns }));
        }
        steps
    }

    /// Saves something, something else, and the first again, by a process that has forgotten both.
    fn save_again(&mut self, random: &mut Rng, phase: usize) -> Vec<Step> {
        let grant = random.usize(..self.grants.len());
        let mut steps = Vec::new();
        for _ in 0..random.usize(1..=3) {
            let first = Step::Run(self.save(random, grant, phase));
            let pause = Step::Pause(MS(random.u64(0..2_000)));
            let second = Step::Run(self.save(random, grant, phase));
            steps.extend([first.clone(), pause, second, Step::Crash, first]);
        }
        steps
    }

    /// Finds a grant again and again. Each time its time to live is over, and the clock of the first
    /// process was set back, so that it is not over by that.
    fn set_back(&mut self, random: &mut Rng) -> Vec<Step> {
        let grant = random.usize(..self.grants.len());
        let columns = columns::user(grant);
        let find = Step::Run(Operation::Find { grant, columns });
        let mut steps = vec![find.clone()];
        for _ in 0..random.usize(1..=4) {
            let passed = random.i64(16..=30);
            self.clock -= random.i64(passed - 9..=passed);
            steps.extend([
                Step::Pause(Duration::from_secs(passed.unsigned_abs())),
                Step::SetClock(self.clock),
                find.clone(),
            ]);
        }
        steps
    }
}
