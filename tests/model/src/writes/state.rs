//! A state of the whole, the steps that can come next, and what each leads to.

use crate::writes::aws::Mark;
use crate::writes::aws::{Operation, Reply, Request, Secret, Snapshot, execute};
use crate::writes::configuration::{Call, Faults, Mutation, Setup};
use crate::writes::history::History;
use crate::writes::invariants::{self, Invariant, value};
use crate::writes::process::{End, Phase, Process};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub secret: Option<Secret>,
    /// The number of secrets that have had the name, beside one that is there at the beginning.
    arns: u8,
    /// What reads may show beside the current state, while they still may.
    pub past: Vec<Option<Snapshot>>,
    pub processes: Vec<Process>,
    /// Requests that may be executed later, though nobody waits for the answer.
    pub late: Vec<Request>,
    left: Faults,
    history: History,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A process reads the current state.
    Read(u8),
    /// A process reads this former state.
    ReadStale(u8, u8),
    /// AWS executes the request of a process.
    Execute(u8),
    /// The process gets the answer.
    Receive(u8),
    /// The answer is lost, and the SDK repeats the request.
    Lose(u8),
    /// The SDK repeats a request that may still be executed.
    Delay(u8),
    /// The operation fails. Its request may still be executed.
    GiveUp(u8),
    /// The call is throttled until the SDK gives up.
    Throttle(u8),
    /// The process stops. Its request may still be executed.
    Crash(u8),
    ExecuteLate(u8),
    /// A deletion by force is finished.
    Vanish,
}

impl State {
    pub fn initial(setup: &Setup) -> Self {
        State {
            secret: setup.secret(),
            arns: 0,
            past: Vec::new(),
            processes: setup.programs.iter().map(|_| Process::new()).collect(),
            late: Vec::new(),
            left: setup.faults,
            history: History::new(value(setup.secret().as_ref())),
        }
    }

    /// The same secret, where only the processes of this set-up are left, and nothing goes wrong.
    pub fn with_only(&self, setup: &Setup) -> Self {
        State {
            secret: self.secret.clone(),
            arns: self.arns,
            history: History::new(value(self.secret.as_ref())),
            ..State::initial(setup)
        }
    }

    pub fn is_over(&self) -> bool {
        self.processes.iter().all(Process::is_over)
    }

    /// The steps that can come next.
    pub fn steps(&self, setup: &Setup) -> Vec<Step> {
        let mut steps = Vec::new();
        for (number, process) in (0..).zip(&self.processes) {
            if process.is_over() {
                continue;
            }
            if process.is_reading() || process.is_asking() {
                steps.push(Step::Read(number));
            }
            if process.is_asking() && self.left.throttled > 0 {
                steps.push(Step::Throttle(number));
            }
            let may_be_stale = process.phase != Phase::Describe || setup.has_stale_descriptions;
            if process.is_reading() && may_be_stale && self.left.stale > 0 {
                let now = self.snapshot();
                let past = (0..).zip(&self.past).filter(|(_, past)| **past != now);
                steps.extend(past.map(|(index, _)| Step::ReadStale(number, index)));
            }
            let request = process.request(setup, self.operation(setup, number));
            if let Some(request) = request {
                self.steps_of_request(setup, number, request, &mut steps);
            }
            if self.left.crashes > 0 && process.phase != Phase::Idle {
                steps.push(Step::Crash(number));
                let operations = setup.programs[usize::from(number)].len();
                if usize::from(process.position) + 1 < operations {
                    steps.push(Step::GiveUp(number));
                }
            }
        }
        let late = (0..).zip(&self.late);
        steps.extend(late.map(|(index, _)| Step::ExecuteLate(index)));
        if self
            .secret
            .as_ref()
            .is_some_and(|it| it.mark == Mark::Forced)
        {
            steps.push(Step::Vanish);
        }
        steps
    }

    fn steps_of_request(&self, setup: &Setup, number: u8, request: Request, steps: &mut Vec<Step>) {
        match self.processes[usize::from(number)].reply {
            Some(_) => {
                steps.push(Step::Receive(number));
                if self.left.lost > 0 {
                    steps.push(Step::Lose(number));
                }
            }
            None => {
                steps.push(Step::Execute(number));
                if self.left.throttled > 0 {
                    steps.push(Step::Throttle(number));
                }
                if self.left.late > 0 && setup.late.contains(&Call::of(request)) {
                    steps.push(Step::Delay(number));
                }
            }
        }
    }

    /// The state after a step, or the invariant that the step violates.
    pub fn after(&self, setup: &Setup, step: Step) -> Result<Self, Invariant> {
        let mut next = self.clone();
        let before = value(self.secret.as_ref());
        let end = next.take(setup, step)?;
        if next.secret != self.secret {
            next.remember(self.snapshot());
            let now = value(next.secret.as_ref());
            if now != before {
                next.history.change(setup, before, now)?;
            }
            if let Some(secret) = &next.secret {
                invariants::check(secret)?;
            }
        }
        if let Some((number, end)) = end {
            let operation = next.operation(setup, number);
            let now = value(next.secret.as_ref());
            next.history.end(setup, operation, end, now)?;
            next.end(setup, number);
        }
        if next.left.stale == 0 {
            next.past.clear();
        }
        Ok(next)
    }

    /// Takes a step. Returns the process whose operation it ends.
    fn take(&mut self, setup: &Setup, step: Step) -> Result<Option<(u8, End)>, Invariant> {
        let (number, end) = match step {
            Step::Read(number) => (number, self.read(setup, number, self.snapshot())),
            Step::ReadStale(number, index) => {
                self.left.stale -= 1;
                let view = self.past[usize::from(index)];
                (number, self.read(setup, number, view))
            }
            Step::Receive(number) => (number, self.receive(setup, number)),
            Step::Execute(number) => {
                let request = self.request(setup, number);
                let reply = request.map(|request| self.execute(request)).transpose()?;
                self.processes[usize::from(number)].reply = reply;
                // Where nothing can come between, the answer takes no step of its own.
                let end = match self.left.lost + self.left.crashes {
                    0 => self.receive(setup, number),
                    _ => None,
                };
                (number, end)
            }
            Step::Lose(number) => {
                self.left.lost -= 1;
                self.processes[usize::from(number)].reply = None;
                (number, None)
            }
            Step::Delay(number) => {
                self.left.late -= 1;
                self.leave_behind(setup, number);
                (number, None)
            }
            Step::GiveUp(number) => {
                self.left.crashes -= 1;
                self.leave_behind(setup, number);
                self.end(setup, number);
                (number, None)
            }
            Step::Throttle(number) => {
                self.left.throttled -= 1;
                (number, self.throttle(setup, number))
            }
            Step::Crash(number) => {
                self.left.crashes -= 1;
                self.leave_behind(setup, number);
                let process = &mut self.processes[usize::from(number)];
                *process = Process {
                    phase: Phase::Crashed,
                    ..Process::new()
                };
                (number, None)
            }
            Step::ExecuteLate(index) => {
                let request = self.late.remove(usize::from(index));
                self.execute(request)?;
                (0, None)
            }
            Step::Vanish => {
                self.secret = None;
                (0, None)
            }
        };
        Ok(end.map(|end| (number, end)))
    }

    fn read(&mut self, setup: &Setup, number: u8, view: Option<Snapshot>) -> Option<End> {
        let operation = self.operation(setup, number);
        let process = &mut self.processes[usize::from(number)];
        if process.is_asking() {
            return process.asked(setup, operation, self.secret.as_ref());
        }
        if process.phase == Phase::Idle {
            process.phase = Phase::Read;
            self.history.begin(operation);
        }
        process.read(setup, operation, view)
    }

    /// Ends a call of a process without executing it.
    fn throttle(&mut self, setup: &Setup, number: u8) -> Option<End> {
        let operation = self.operation(setup, number);
        let process = &mut self.processes[usize::from(number)];
        if !process.is_asking() {
            return process.receive(setup, operation, Reply::Throttled);
        }
        if setup.mutation == Some(Mutation::BelieveFailedProbe) {
            return process.asked(setup, operation, None);
        }
        // Nothing tells whether there is a secret: the operation fails.
        self.end(setup, number);
        None
    }

    fn receive(&mut self, setup: &Setup, number: u8) -> Option<End> {
        let operation = self.operation(setup, number);
        let process = &mut self.processes[usize::from(number)];
        let reply = process.reply.take()?;
        process.receive(setup, operation, reply)
    }

    fn execute(&mut self, request: Request) -> Result<Reply, Invariant> {
        let used = self.secret.as_ref().map_or(0, invariants::tags_in_use);
        let reply = execute(&mut self.secret, &mut self.arns, request);
        match request {
            Request::Untag { tags, .. } if tags & used != 0 && reply == Reply::Done => {
                Err(Invariant::APruneRemovesNoTagInUse)
            }
            _ => Ok(reply),
        }
    }

    /// Leaves a request that was not answered to be executed later.
    fn leave_behind(&mut self, setup: &Setup, number: u8) {
        let is_answered = self.processes[usize::from(number)].reply.is_some();
        if let Some(request) = self.request(setup, number).filter(|_| !is_answered) {
            self.late.push(request);
            self.late.sort_unstable();
        }
    }

    fn end(&mut self, setup: &Setup, number: u8) {
        let operations = setup.programs[usize::from(number)].len();
        self.processes[usize::from(number)].end(operations);
    }

    pub fn operation(&self, setup: &Setup, number: u8) -> Operation {
        let process = usize::from(number);
        setup.programs[process][usize::from(self.processes[process].position)]
    }

    fn request(&self, setup: &Setup, number: u8) -> Option<Request> {
        let operation = self.operation(setup, number);
        self.processes[usize::from(number)].request(setup, operation)
    }

    fn remember(&mut self, snapshot: Option<Snapshot>) {
        if self.left.stale > 0 && !self.past.contains(&snapshot) {
            self.past.push(snapshot);
            self.past.sort_unstable();
        }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.secret.as_ref()?.snapshot()
    }
}
