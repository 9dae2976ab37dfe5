//! A process that plays its part of a program, and notes what comes of it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, advance, timeout};

use crate::clock::Clock;
use crate::process::{Ended, Process, Stopped};
use crate::support::token::id;

use super::history::{Event, Return};
use super::program::{Operation, Step};
use super::run::Stage;

/// How long a process is down after a crash.
const DOWN: Duration = Duration::from_millis(50);

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A process of a program.
pub struct Player {
    stage: Stage,
    number: usize,
    life: usize,
    process: Process,
    /// Operations that are begun and not polled.
    held: Vec<Running>,
    /// Operations in runtimes that stand still.
    standing: Vec<(Running, Runtime)>,
}

impl Player {
    pub async fn new(stage: Stage, number: usize) -> Self {
        let process = stage.start(number).await;
        Self::of(stage, number, process)
    }

    pub fn of(stage: Stage, number: usize, process: Process) -> Self {
        Player {
            stage,
            number,
            life: 0,
            process,
            held: Vec::new(),
            standing: Vec::new(),
        }
    }

    pub async fn play(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step).await;
            if self.process.link.has_crashed() {
                self.held.clear();
                self.end_standing();
                tokio::time::sleep(DOWN).await;
                self.start_again().await;
            }
        }
        for held in std::mem::take(&mut self.held) {
            held.await;
        }
        self.end_standing();
    }

    /// Drops the operations in runtimes that stand still.
    fn end_standing(&mut self) {
        for (running, runtime) in self.standing.drain(..) {
            drop(running);
            runtime.shutdown_background();
        }
    }

    /// Starts the process again, as when it is deployed.
    pub async fn start_again(&mut self) {
        self.life += 1;
        self.process = self.stage.start(self.number).await;
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Run(operation) => self.run(operation).await,
            Step::Both(one, other) => {
                futures::future::join(self.run(one), self.run(other)).await;
            }
            Step::Drop(operation, after) => {
                // Dropped or done: the event says which.
                let _ = timeout(*after, self.run(operation)).await;
            }
            Step::Hold(operation, after) => {
                let mut running = self.run(operation);
                if timeout(*after, &mut running).await.is_err() {
                    self.note_held();
                    self.held.push(running);
                }
            }
            Step::StandStill(operation) => {
                let mut running = self.run(operation);
                let runtime = standing_runtime();
                if poll_once(&runtime, &mut running) {
                    runtime.shutdown_background();
                } else {
                    self.note_held();
                    self.standing.push((running, runtime));
                }
            }
            Step::Pause(time) => tokio::time::sleep(*time).await,
            Step::SetClock(ahead) => self.process.set_clock(*ahead),
            Step::Crash => self.process.crash(),
        }
    }

    /// Notes that the operation which this process has begun last is not polled for a while.
    fn note_held(&self) {
        self.stage.note(|events| {
            let mut own = events.iter_mut().rev();
            let last = own.find(|event| event.process == self.number);
            last.into_iter().for_each(|event| event.was_held = true);
        });
    }

    /// Runs an operation with the id that its grant was last seen with.
    fn run(&self, operation: &Operation) -> Running {
        let id = operation.grant().and_then(|grant| match operation {
            Operation::Undelete { .. } => self.first_id(grant),
            _ => self.last_id(grant),
        });
        self.run_about(operation.clone(), id)
    }

    /// Runs an operation on the record with this id, and notes it.
    pub fn run_about(&self, operation: Operation, id: Option<String>) -> Running {
        let (process, stage) = (self.process.clone(), self.stage.clone());
        let (number, life) = (self.number, self.life);
        Box::pin(async move {
            if id.is_none() && needs_id(&operation) {
                return;
            }
            let now = process.clock.now();
            let noted = stage.note(|events| {
                events.push(Event {
                    process: number,
                    life,
                    operation: operation.clone(),
                    id: id.clone(),
                    began: now,
                    ended: now,
                    result: Return::GivenUp,
                    was_held: false,
                });
                events.len() - 1
            });
            let clock = process.clock;
            let mut ending = Ending {
                stage,
                noted,
                clock,
                result: Return::GivenUp,
            };
            ending.result = perform(&process, &operation, id.as_deref()).await;
        })
    }

    fn first_id(&self, grant: usize) -> Option<String> {
        self.stage.note(|events| {
            let of_grant = |event: &&Event| event.operation.grant() == Some(grant);
            let mut events = events.iter().filter(of_grant);
            events.find_map(|event| Some(id(event.records().first()?).to_owned()))
        })
    }

    fn last_id(&self, grant: usize) -> Option<String> {
        self.stage.note(|events| {
            let of_grant = |event: &&Event| event.operation.grant() == Some(grant);
            let mut events = events.iter().rev().filter(of_grant);
            events.find_map(|event| Some(id(event.records().first()?).to_owned()))
        })
    }
}

fn standing_runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let builder = builder.enable_time().start_paused(true);
    builder.build().expect("a runtime")
}

/// Polls an operation once in a runtime whose time is the same. Returns whether it has ended.
fn poll_once(runtime: &Runtime, running: &mut Running) -> bool {
    let (now, mut context) = (Instant::now(), Context::from_waker(Waker::noop()));
    let _entered = runtime.enter();
    let mut advance = pin!(advance(now.saturating_duration_since(Instant::now())));
    // The time is set by the first poll.
    let _: Poll<()> = advance.as_mut().poll(&mut context);
    running.as_mut().poll(&mut context).is_ready()
}

fn needs_id(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::FindById { .. }
            | Operation::Delete { .. }
            | Operation::Undelete { .. }
            | Operation::Invalidate { .. }
    )
}

async fn perform(process: &Process, operation: &Operation, id: Option<&str>) -> Return {
    let id = id.unwrap_or_default();
    match operation {
        Operation::Save { columns, .. } => returned(process.save(columns).await, Return::Saved),
        Operation::Find { columns, .. } => returned(process.find(columns).await, Return::Found),
        Operation::FindById { .. } => returned(process.find_by_id(id).await, Return::Found),
        Operation::Delete { .. } => returned(process.delete(id).await, |()| Return::Done),
        Operation::Undelete { .. } => returned(process.undelete(id).await, Return::Found),
        Operation::Invalidate { .. } => {
            process.invalidate(id);
            Return::Done
        }
        Operation::List => returned(process.list().await, Return::Listed),
        Operation::Clear => returned(process.clear().await, |()| Return::Done),
        Operation::Reindex => returned(process.reindex().await, |_| Return::Done),
    }
}

fn returned<T>(ended: Ended<T>, result: impl FnOnce(T) -> Return) -> Return {
    match ended {
        Ok(value) => result(value),
        Err(Stopped::Failed(error)) => Return::Failed {
            kind: error.kind(),
            is_retryable: error.is_retryable(),
            text: format!("{error} {error:?}"),
        },
        Err(Stopped::Crashed) => Return::GivenUp,
        Err(Stopped::Hung) => Return::Hung,
    }
}

/// Notes how an operation ended, also when it is dropped.
struct Ending {
    stage: Stage,
    noted: usize,
    clock: Clock,
    result: Return,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let now = self.clock.now();
        let result = std::mem::replace(&mut self.result, Return::GivenUp);
        self.stage.note(|events| {
            // The events of a run are taken away at its end.
            if let Some(event) = events.get_mut(self.noted) {
                event.ended = now;
                event.result = result;
            }
        });
    }
}
