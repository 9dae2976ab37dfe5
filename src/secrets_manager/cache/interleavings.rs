//! Loads, saves, deletions and invalidations of one record at once, in every order that there is.

use std::sync::Arc;

use super::tests::{MINUTE, entries};
use super::*;
use crate::secrets_manager::document::UnknownFields;
use crate::secrets_manager::entry::Moment;
use crate::secrets_manager::unsettled::Unsettled;
use crate::testing::token;

const ID: &str = "1";

/// What one task does, step by step.
#[derive(Clone, Copy, Debug)]
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
    stamp: Option<Stamp>,
    read: Version,
    unsettled: Option<Unsettled<'a>>,
}

/// AWS, and what this process must not fall behind.
struct World {
    aws: Version,
    known: Version,
}

fn entry(version: Version, asked: Moment) -> Entry {
    Entry {
        token: token(&format!("id=1 access_token={version}")),
        unknown: UnknownFields::default(),
        version: version.to_string(),
        created: None,
        asked,
    }
}

impl<'a> Progress<'a> {
    fn step(&mut self, task: Task, cache: &'a Cache, record: &'a OAuthToken, world: &mut World) {
        self.steps += 1;
        match (task, self.steps) {
            (Task::Load, 1) => {
                self.stamp = Some(cache.stamp_of_record(ID));
                self.asked = Some(Moment::now());
            }
            (Task::Load, 2) => self.read = world.aws,
            (Task::Load, _) => {
                let (asked, stamp) = (self.asked.unwrap(), self.stamp.unwrap());
                match holds_a_record(self.read) {
                    true => cache.loaded(&Arc::new(entry(self.read, asked)), stamp),
                    false => cache.missing(ID, stamp),
                }
            }
            (Task::Save | Task::SaveUnanswered, 1) => self.read = world.aws,
            (Task::Save | Task::SaveUnanswered, 2) => {
                self.unsettled = Some(Unsettled::save(cache, record));
            }
            (Task::Save | Task::SaveUnanswered, 3) => {
                if world.aws == self.read {
                    world.aws += if holds_a_record(world.aws) { 2 } else { 1 };
                    self.read = world.aws;
                } else {
                    // AWS refuses it: another one has put the successor.
                    self.unsettled = None;
                }
            }
            (Task::Save, _) => {
                if let Some(unsettled) = self.unsettled.take() {
                    let begun = unsettled.begun();
                    unsettled.settle(entry(self.read, begun), None);
                    world.known = world.known.max(self.read);
                }
            }
            (Task::SaveUnanswered, _) => {
                if self.unsettled.take().is_some() {
                    world.known = world.known.max(self.read);
                }
            }
            (Task::Delete, 1) => self.unsettled = Some(Unsettled::deletion(cache, ID)),
            (Task::Delete, 2) => {
                world.aws += if holds_a_record(world.aws) { 1 } else { 0 };
                self.read = world.aws;
            }
            (Task::Delete, _) => {
                self.unsettled = None;
                world.known = world.known.max(self.read);
            }
            (Task::Invalidate, _) => {
                cache.forget(ID);
                world.known = world.known.max(world.aws);
            }
            (Task::Elsewhere, _) => world.aws += if holds_a_record(world.aws) { 2 } else { 1 },
        }
    }
}

/// Runs the tasks in this order, one number for each step, and looks at the cache after each.
fn run(tasks: &[Task], order: &[usize]) {
    let cache = Cache::new(entries(10), MINUTE, Duration::ZERO);
    let record = token("id=1 access_token=a");
    let mut world = World { aws: 0, known: 0 };
    let mut progress: Vec<_> = tasks.iter().map(|_| Progress::default()).collect();
    for &task in order {
        progress[task].step(tasks[task], &cache, &record, &mut world);
        let Some(kept) = cache.record(ID) else {
            continue;
        };
        // A hit is answered from the record first, and then by what the answer to it shows.
        let hits = [cache.token(ID), cache.token(ID)].map(|token| {
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

/// Every order of the steps that are left, after those that were.
fn every_order(tasks: &[Task], left: &mut [usize], order: &mut Vec<usize>) -> usize {
    if left.iter().all(|left| *left == 0) {
        run(tasks, order);
        return 1;
    }
    let mut orders = 0;
    let begun = |task: usize| left[task] > 0 && left[task] < tasks[task].steps();
    let turn = (0..tasks.len()).find(|&task| tasks[task].takes_turn() && begun(task));
    for task in 0..tasks.len() {
        let waits = tasks[task].takes_turn() && turn.is_some_and(|turn| turn != task);
        if left[task] > 0 && !waits {
            left[task] -= 1;
            order.push(task);
            orders += every_order(tasks, left, order);
            order.pop();
            left[task] += 1;
        }
    }
    orders
}

#[test]
fn whatever_the_order_the_cache_never_falls_behind_what_is_known() {
    use Task::{Delete, Elsewhere, Invalidate, Load, Save, SaveUnanswered};
    let together: [&[Task]; 8] = [
        &[Load, Load, Save],
        &[Load, Save, Invalidate],
        &[Load, Save, Elsewhere],
        &[Load, Save, Save],
        &[Load, SaveUnanswered, Elsewhere],
        &[Load, Delete, Save],
        &[Load, Load, Delete],
        &[Load, Invalidate, Elsewhere, Elsewhere],
    ];
    let mut orders = 0;
    for tasks in together {
        let mut left: Vec<_> = tasks.iter().map(|task| task.steps()).collect();
        orders += every_order(tasks, &mut left, &mut Vec::new());
    }
    println!("{orders} orders");
    assert!(orders > 5_000);
}
