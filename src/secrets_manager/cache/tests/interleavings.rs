//! Loads, saves, deletions and invalidations of one record at once, in every order that there is.

use super::*;

/// What one task does, step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Begins, asks AWS, keeps the answer.
    Load,
    /// Asks AWS, begins, puts a successor of what it has read, keeps it.
    Save,
    /// The same, but the answer is lost.
    SaveUnanswered,
    /// Begins, deletes, ends.
    Delete,
    /// The record is dropped because somebody asked for that.
    Invalidate,
    /// Another process puts a version.
    Elsewhere,
}

impl Task {
    /// Whether it takes the record's turn for all of its steps: of those there is one at a time.
    fn takes_turn(self) -> bool {
        matches!(self, Task::Save | Task::SaveUnanswered | Task::Delete)
    }

    fn steps(self) -> usize {
        match self {
            Task::Load | Task::Delete => 3,
            Task::Save | Task::SaveUnanswered => 4,
            Task::Invalidate | Task::Elsewhere => 1,
        }
    }
}

/// A version of the secret, in the order in which they were made. Odd ones hold no record.
type Version = u64;

fn holds_a_record(version: Version) -> bool {
    version.is_multiple_of(2)
}

/// What a task has got hold of.
#[derive(Default)]
struct Progress<'a> {
    steps: usize,
    asked: Option<Moment>,
    generation: Option<Generation>,
    read: Version,
    pending: Option<PendingWrite<'a>>,
}

/// AWS, and what this process must not fall behind.
struct World {
    aws: Version,
    known: Version,
}

fn entry(id: &str, version: Version, asked: Moment) -> StoredRecord {
    StoredRecord {
        version: version.to_string(),
        asked,
        ..StoredRecord::just_read(token(&format!("id={id} access_token={version}")))
    }
}

impl<'a> Progress<'a> {
    fn step(&mut self, task: Task, cache: &'a Cache, record: &'a OAuthToken, world: &mut World) {
        let id = record.id().unwrap();
        self.steps += 1;
        match (task, self.steps) {
            (Task::Load, 1) => {
                self.generation = Some(cache.generation_of_record(id));
                self.asked = Some(cache.now());
            }
            (Task::Load, 2) => self.read = world.aws,
            (Task::Load, _) => {
                let (asked, generation) = (self.asked.unwrap(), self.generation.unwrap());
                match holds_a_record(self.read) {
                    true => {
                        cache.loaded(&Arc::new(entry(id, self.read, asked)), generation);
                        // Its caller has seen it.
                        world.known = world.known.max(self.read);
                    }
                    false => cache.missing(id, generation),
                }
            }
            (Task::Save | Task::SaveUnanswered, 1) => self.read = world.aws,
            (Task::Save | Task::SaveUnanswered, 2) => {
                self.pending = Some(PendingWrite::save(cache, record));
            }
            (Task::Save | Task::SaveUnanswered, 3) => {
                if world.aws == self.read {
                    world.aws += if holds_a_record(world.aws) { 2 } else { 1 };
                    self.read = world.aws;
                } else {
                    // AWS refuses it: another one has put the successor.
                    self.pending = None;
                }
            }
            (Task::Save, _) => {
                if let Some(pending) = self.pending.take() {
                    let begun = pending.started();
                    pending.acknowledged(&entry(id, self.read, begun).into(), None);
                    world.known = world.known.max(self.read);
                }
            }
            (Task::SaveUnanswered, _) => {
                if self.pending.take().is_some() {
                    world.known = world.known.max(self.read);
                }
            }
            (Task::Delete, 1) => self.pending = Some(PendingWrite::deletion(cache, id)),
            (Task::Delete, 2) => {
                world.aws += if holds_a_record(world.aws) { 1 } else { 0 };
                self.read = world.aws;
            }
            (Task::Delete, _) => {
                self.pending = None;
                world.known = world.known.max(self.read);
            }
            (Task::Invalidate, _) => {
                cache.forget(id);
                world.known = world.known.max(world.aws);
            }
            (Task::Elsewhere, _) => world.aws += if holds_a_record(world.aws) { 2 } else { 1 },
        }
    }
}

/// Runs the tasks in this order, one number for each step, and looks at the cache after each.
fn run(cache: &Cache, id: &str, tasks: &[Task], order: &[usize]) {
    let record = token(&format!("id={id} access_token=a"));
    let mut world = World { aws: 0, known: 0 };
    let mut progress: Vec<_> = tasks.iter().map(|_| Progress::default()).collect();
    for &task in order {
        progress[task].step(tasks[task], cache, &record, &mut world);
        let Some(kept) = cache.record(id) else {
            continue;
        };
        // A hit is answered from the record first, and then by what the answer to it shows.
        let hits = [cache.token(id), cache.token(id)].map(|token| {
            let token = token.unwrap();
            token.expose(Field::AccessToken).unwrap().to_owned()
        });
        for kept in [&kept.version].into_iter().chain(&hits) {
            let kept: Version = kept.parse().unwrap();
            assert!(
                kept >= world.known,
                "{tasks:?} in the order {order:?}: version {kept} is kept, though {} is known",
                world.known
            );
        }
    }
}

/// Every order of the steps that are left, after those that were. Each has a record of its own.
fn every_order(
    cache: &Cache,
    tasks: &[Task],
    left: &mut [usize],
    order: &mut Vec<usize>,
    orders: &mut usize,
) {
    if left.iter().all(|left| *left == 0) {
        let id = orders.to_string();
        run(cache, &id, tasks, order);
        cache.forget(&id);
        *orders += 1;
        return;
    }
    for task in next(tasks, left) {
        left[task] -= 1;
        order.push(task);
        every_order(cache, tasks, left, order, orders);
        order.pop();
        left[task] += 1;
    }
}

/// Whose step may be the next one.
fn next(tasks: &[Task], left: &[usize]) -> Vec<usize> {
    let begun = |task: usize| left[task] < tasks[task].steps();
    let holds_turn = |task: usize| tasks[task].takes_turn() && begun(task) && left[task] > 0;
    let turn = (0..tasks.len()).find(|&task| holds_turn(task));
    let may = |&task: &usize| {
        let has_turn = !tasks[task].takes_turn() || turn.is_none_or(|turn| turn == task);
        // Of tasks that are alike it does not matter which one begins first.
        let is_first = (0..task).all(|other| tasks[other] != tasks[task] || begun(other));
        left[task] > 0 && has_turn && is_first
    };
    (0..tasks.len()).filter(may).collect()
}

#[test]
fn whatever_the_order_the_cache_never_falls_behind_what_is_known() {
    use Task::{Delete, Elsewhere, Invalidate, Load, Save, SaveUnanswered};
    let together: [&[Task]; 10] = [
        &[Load, Load, Save],
        &[Load, Save, Invalidate],
        &[Load, Save, Elsewhere],
        &[Load, Save, Save],
        &[Load, SaveUnanswered, Elsewhere],
        &[Load, Delete, Save],
        &[Load, Load, Delete],
        &[Load, Invalidate, Elsewhere, Elsewhere],
        &[Load, Load, Load, Elsewhere],
        &[Load, Load, Elsewhere, Elsewhere],
    ];
    let cache = Cache::new(entries(10), MINUTE, Duration::ZERO, Clock::default());
    let mut orders = 0;
    for tasks in together {
        let mut left: Vec<_> = tasks.iter().map(|task| task.steps()).collect();
        every_order(&cache, tasks, &mut left, &mut Vec::new(), &mut orders);
    }
    println!("{orders} orders");
    assert!(orders > 5_000, "{orders}");
}
