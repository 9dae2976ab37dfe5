//! A program from a seed.

use std::time::Duration;

use fastrand::Rng;

use crate::aws::{Freedoms, LONGEST_LAG};
use crate::clock;

use super::program::{
    CONFIDENTIAL, FingerprintKey, Keys, Operation, Phase, Program, Settings, Step,
};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// After this time, lists show everything.
const SETTLED: Duration = LONGEST_LAG.saturating_add(Duration::from_secs(10));

/// The program of a seed.
pub fn program(seed: u64) -> Program {
    let mut random = Rng::with_seed(seed);
    let random = &mut random;
    let processes = (0..random.usize(2..=4))
        .map(|_| settings(random))
        .collect::<Vec<_>>();
    let grants = (0..random.usize(1..=2))
        .map(|_| keys(random))
        .collect::<Vec<_>>();
    // Without the tag index only users and ids lead to records.
    let has_tag_index = grants.iter().any(|keys| *keys != Keys::WithUser) || random.u8(..8) > 0;
    let mut generator = Generator {
        grants: &grants,
        processes: processes.len(),
        rolls_back: random.u8(..6) == 0,
        edits: random.u8(..4) == 0,
        has_tag_index,
        numbers: 0,
    };
    let number = random.usize(1..=3);
    let mut phases: Vec<_> = (0..number)
        .map(|number| generator.phase(random, number))
        .collect();
    phases.extend(generator.last_phase());
    let fingerprint_key = fingerprint_key(random, phases.len());
    settle_before_changes(&mut phases, fingerprint_key);
    Program {
        seed,
        freedoms: Freedoms::drawn(random),
        deletes_by_force: random.bool(),
        replicates: random.u8(..5) == 0,
        has_tag_index,
        fingerprint_key,
        processes,
        grants,
        phases,
    }
}

fn fingerprint_key(random: &mut Rng, phases: usize) -> FingerprintKey {
    match random.u8(..5) {
        0 => FingerprintKey::InSecret {
            rotated_before: random.usize(1..=phases),
        },
        _ => FingerprintKey::Public,
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

fn settings(random: &mut Rng) -> Settings {
    Settings {
        cache_capacity: [None, Some(1), Some(1_000), Some(1_000)][random.usize(..4)],
        cache_time_to_live: [MS(1_000), MS(10_000), MS(300_000)][random.usize(..3)],
        serves_stale_for: [None, None, Some(MS(60_000))][random.usize(..3)],
        clock_ahead: [0, 0, clock_ahead(random)][random.usize(..3)],
    }
}

/// Within what AWS accepts of a signature.
fn clock_ahead(random: &mut Rng) -> i64 {
    random.i64(-290..=290)
}

fn keys(random: &mut Rng) -> Keys {
    [
        Keys::WithUser,
        Keys::WithUser,
        Keys::WithUser,
        Keys::OwnId,
        Keys::Mixed,
    ][random.usize(..5)]
}

struct Generator<'a> {
    grants: &'a [Keys],
    processes: usize,
    rolls_back: bool,
    edits: bool,
    has_tag_index: bool,
    /// Values that were made so far: each is another one.
    numbers: u32,
}

impl Generator<'_> {
    fn phase(&mut self, random: &mut Rng, number: usize) -> Phase {
        let most = random.usize(1..=12);
        let steps = (0..self.processes).map(|_| {
            let steps = random.usize(0..=most);
            (0..steps).map(|_| self.step(random, number)).collect()
        });
        let steps = steps.collect();
        let mut rollbacks = Vec::new();
        if self.rolls_back && number > 0 {
            rollbacks.push((MS(random.u64(0..2_000)), random.usize(..self.grants.len())));
        }
        let edits = match self.edits && number > 0 {
            true => vec![random.usize(..self.grants.len())],
            false => Vec::new(),
        };
        let waits = (number == 0 && self.grants.contains(&Keys::Mixed)) || random.u8(..3) == 0;
        Phase {
            steps,
            rollbacks,
            edits,
            pause: if waits {
                SETTLED
            } else {
                MS(random.u64(0..20_000))
            },
        }
    }

    /// Saves of what may have become two records, under all keys: the promise is that such a save
    /// makes one of them.
    fn last_phase(&mut self) -> Option<Phase> {
        let mixed = (0..self.grants.len()).filter(|&grant| self.grants[grant] == Keys::Mixed);
        let saves: Vec<_> = mixed
            .map(|grant| {
                self.numbers += 1;
                let columns = format!(
                    "{} {} access_token={CONFIDENTIAL}a{grant}.{}",
                    user(grant),
                    refresh(grant),
                    self.numbers
                );
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
            pause: Duration::ZERO,
        })
    }

    fn step(&mut self, random: &mut Rng, phase: usize) -> Step {
        let point = MS(random.u64(1..200));
        match random.u8(..100) {
            0..70 => Step::Run(self.operation(random, phase)),
            70..80 => {
                let one = self.operation(random, phase);
                Step::Both(one, self.operation(random, phase))
            }
            80..84 => Step::Drop(self.operation(random, phase), point),
            84..88 => Step::Hold(self.operation(random, phase), point),
            88..90 => Step::SetClock(clock_ahead(random)),
            90..97 => {
                let longest = [200, 6_000, 400_000][random.usize(..3)];
                Step::Pause(MS(random.u64(0..longest)))
            }
            _ => Step::Crash,
        }
    }

    fn operation(&mut self, random: &mut Rng, phase: usize) -> Operation {
        let grant = random.usize(..self.grants.len());
        let keys = self.grants[grant];
        let may_delete = !self.grants.contains(&Keys::Mixed);
        let index = self.has_tag_index;
        match random.u8(..100) {
            0..42 => self.save(random, grant, phase),
            42..70 => Operation::Find {
                grant,
                columns: match index {
                    true => by(grant, random, keys == Keys::OwnId),
                    false => user(grant),
                },
            },
            70..76 => Operation::FindById { grant },
            76..86 if keys != Keys::Mixed => Operation::Delete { grant },
            86..90 => Operation::Invalidate { grant },
            90..95 => Operation::List,
            95..97 if may_delete => Operation::Clear,
            97..98 if index => Operation::Reindex,
            _ => self.save(random, grant, phase),
        }
    }

    fn save(&mut self, random: &mut Rng, grant: usize, phase: usize) -> Operation {
        self.numbers += 1;
        let unique = format!("{grant}.{}", self.numbers);
        let mut columns = Vec::new();
        let keys = self.grants[grant];
        if keys == Keys::OwnId {
            columns.push(format!("id=own-{grant}"));
        }
        let has_user = keys != Keys::Mixed || phase > 0 || random.bool();
        if has_user {
            columns.push(user(grant));
        }
        if phase == 0 || keys == Keys::Mixed || random.u8(..3) == 0 {
            columns.push(refresh(grant));
        }
        if !has_user || random.u8(..3) > 0 {
            columns.push(client(grant));
        }
        columns.push(format!("access_token={CONFIDENTIAL}a{unique}"));
        if random.bool() {
            columns.push(format!("api_domain=d{unique}"));
        }
        if random.bool() {
            columns.push(format!("redirect_url=x{unique}"));
        }
        if random.u8(..3) == 0 {
            let expiry = clock::epoch_millis(MS(random.u64(0..2_000_000)));
            columns.push(format!("expiry_time={expiry}"));
        }
        Operation::Save {
            grant,
            columns: columns.join(" "),
        }
    }
}

/// A partial token that asks by one of the grant's keys that never change.
fn by(grant: usize, random: &mut Rng, has_own_id: bool) -> String {
    match random.u8(..5) {
        0 => format!("{} {}", refresh(grant), client(grant)),
        1 => format!("{} {} {}", user(grant), refresh(grant), client(grant)),
        2 if has_own_id => format!("id=own-{grant}"),
        _ => user(grant),
    }
}

fn user(grant: usize) -> String {
    format!("user_name={CONFIDENTIAL}u{grant}")
}

fn refresh(grant: usize) -> String {
    format!("refresh_token={CONFIDENTIAL}r{grant}")
}

fn client(grant: usize) -> String {
    format!("client_id=c{grant} client_secret={CONFIDENTIAL}s{grant}")
}
