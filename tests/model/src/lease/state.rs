//! A state of the whole, and what each step leads to.

use crate::lease::configuration::{Faults, Kind, Mutation, Setup, Stage};
use crate::lease::invariants::Invariant;
use crate::lease::process::{End, Phase, Process};
use crate::lease::secret::{Content, Purpose, Put, Reply, Secret};
use crate::lease::spent::Spent;
use crate::lease::step::Step;
use crate::lease::zoho::{Answer, Issued, Zoho};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub secret: Secret,
    pub zoho: Zoho,
    /// Sorted, so that states which differ only in who is who count once.
    pub processes: Vec<Process>,
    /// Puts that may be executed later, though nobody waits for the answer.
    pub late: Vec<Put>,
    pub left: Faults,
    pub spent: Spent,
    pub stage: Stage,
    nonces: u8,
}

impl State {
    pub fn initial(setup: &Setup) -> Self {
        let mut processes: Vec<_> = setup.processes.iter().copied().map(Process::new).collect();
        processes.sort_unstable();
        State {
            secret: setup.secret(),
            zoho: setup.zoho(),
            processes,
            late: Vec::new(),
            left: setup.faults,
            spent: Spent::default(),
            stage: setup.stage,
            nonces: 0,
        }
    }

    /// The same record, where only the processes of this set-up are left.
    pub fn with_only(&self, setup: &Setup) -> Self {
        State {
            secret: self.secret.clone(),
            zoho: self.zoho.clone(),
            spent: self.spent,
            nonces: self.nonces,
            ..State::initial(setup)
        }
    }

    pub fn is_over(&self) -> bool {
        self.processes.iter().all(Process::is_over)
    }

    /// The state after a step, or the invariant that the step violates.
    pub fn after(&self, setup: &Setup, step: Step) -> Result<Self, Invariant> {
        let mut next = self.clone();
        next.take(setup, step)?;
        next.processes.sort_unstable();
        Ok(next)
    }

    fn take(&mut self, setup: &Setup, step: Step) -> Result<(), Invariant> {
        match step {
            Step::Read(number) => {
                self.read(setup, number, self.secret.current().depth, self.stage);
            }
            Step::ReadAhead(number) => {
                let stage = self.stage.next().unwrap_or(self.stage);
                self.read(setup, number, self.secret.current().depth, stage);
            }
            Step::ReadStale(number, depth) => {
                self.left.stale -= 1;
                self.read(setup, number, depth, self.stage);
            }
            Step::Execute(number) => {
                let put = self.put_of(number);
                let reply = self.execute(setup, put)?;
                self.process(number).reply = Some(reply);
                // Where nothing can come between, the answer takes no step of its own.
                if self.left.crashes + self.left.lost + self.left.failed == 0 {
                    self.receive(number);
                }
            }
            Step::Receive(number) => self.receive(number),
            Step::Lose(number) => {
                self.left.lost -= 1;
                self.process(number).reply = None;
            }
            Step::GiveUp(number) => {
                self.left.failed -= 1;
                let put = self.leave_behind(number);
                self.spent.not_noted += u8::from(matches!(put.purpose, Purpose::Failed { .. }));
                let process = self.process(number);
                process.reply = None;
                process.give_up(setup, put);
            }
            Step::Check(number) => {
                let known = self.processes[usize::from(number)].known;
                let view = self.secret.at(known.into());
                self.process(number).check(setup, view);
            }
            Step::Send(number) => {
                self.process(number).phase = Phase::Sent;
                return self.count_request(setup, number);
            }
            Step::Issue(number) => {
                let base = self.process(number).base();
                let answer = match self.process(number).exchanges(base) {
                    true => self.zoho.exchange(),
                    false => self.zoho.refresh(base.refresh),
                };
                self.process(number).answer = Some(answer);
                if self.left.crashes + self.left.lost_by_zoho == 0 {
                    self.process(number).answered();
                }
            }
            Step::Answer(number) => self.process(number).answered(),
            Step::LoseAnswer(number) => {
                self.left.lost_by_zoho -= 1;
                self.spent.lost += 1;
                if self.process(number).unanswered() {
                    return self.count_request(setup, number);
                }
            }
            Step::Refuse(number) => {
                self.left.unavailable -= 1;
                self.spent.unavailable += 1;
                self.process(number).answer = Some(Answer::Unavailable);
                if self.left.crashes + self.left.lost_by_zoho == 0 {
                    self.process(number).answered();
                }
            }
            Step::SaveAgain(number) => self.process(number).phase = Phase::ReadToSave,
            Step::TakeOver(number) => self.take_over(setup, number),
            Step::StopWaiting(number) => {
                let (nonce, is_sending) = self.awaited(number);
                if !self.is_abandoned(nonce) {
                    self.left.impatient -= 1;
                }
                self.process(number).end(match is_sending {
                    true => End::GrantUnsettled,
                    false => End::Retryable,
                });
            }
            Step::Return(number) => {
                let is_usable = match self.process(number).phase {
                    Phase::Wait { is_usable, .. } | Phase::Paused { is_usable } => is_usable,
                    _ => false,
                };
                self.process(number).end(match is_usable {
                    true => End::StillUsable,
                    false => End::Retryable,
                });
            }
            Step::TryAgain(number) => {
                let known = self.processes[usize::from(number)].known;
                let view = self.secret.at(known.into());
                let nonce = self.nonces + 1;
                self.process(number).try_again(setup, view, nonce);
                self.use_nonce(number, nonce);
            }
            Step::Crash(number) => {
                self.left.crashes -= 1;
                self.spent.crashes += u8::from(self.process(number).has_asked());
                if matches!(self.process(number).phase, Phase::Put(_)) {
                    self.leave_behind(number);
                }
                self.process(number).crash();
            }
            Step::ExecuteLate(index) => {
                let put = self.late.remove(usize::from(index));
                self.execute(setup, put)?;
            }
            Step::Pass => self.stage = self.stage.next().unwrap_or(self.stage),
        }
        Ok(())
    }

    fn read(&mut self, setup: &Setup, number: u8, depth: u8, stage: Stage) {
        let view = self.secret.at(depth.into());
        let nonce = self.nonces + 1;
        let process = &mut self.processes[usize::from(number)];
        if process.foreign.is_none() {
            process.foreign = match process.kind {
                Kind::ForeignSave => Some(Issued {
                    access: self.zoho.new_access_token(),
                    refresh: None,
                }),
                Kind::ForeignLogin => Some(self.zoho.log_in()),
                _ => None,
            };
        }
        let insists = process.insists();
        process.read(setup, view, stage, nonce);
        self.spent.overrides += u8::from(insists && process.has_insisted);
        self.use_nonce(number, nonce);
    }

    fn count_request(&mut self, setup: &Setup, number: u8) -> Result<(), Invariant> {
        let process = &self.processes[usize::from(number)];
        let exchanges = process.exchanges(process.base());
        self.spent.count_request(setup, exchanges)
    }

    fn take_over(&mut self, setup: &Setup, number: u8) {
        let (nonce, is_sending) = self.awaited(number);
        if !self.is_abandoned(nonce) {
            self.left.impatient -= 1;
        }
        for holder in self.processes.iter_mut() {
            if !holder.holds(nonce) {
                continue;
            }
            match holder.asks() {
                true => self.spent.takeovers += 1,
                // A lease is taken over after a longer time than a process has to begin.
                false => holder.is_late = true,
            }
        }
        let is_explicit = self.process(number).kind == Kind::Explicit;
        self.spent.overrides += u8::from(is_sending && is_explicit);
        let known = self.processes[usize::from(number)].known;
        let view = self.secret.at(known.into());
        let nonce = self.nonces + 1;
        self.process(number).put_lease(setup, view, nonce);
        self.use_nonce(number, nonce);
    }

    fn use_nonce(&mut self, number: u8, nonce: u8) {
        if self.process(number).holds(nonce) {
            self.nonces = nonce;
        }
    }

    fn receive(&mut self, number: u8) {
        let put = self.put_of(number);
        let process = self.process(number);
        let reply = process.reply.take().expect("there is an answer");
        process.receive(put, reply);
    }

    fn execute(&mut self, setup: &Setup, put: Put) -> Result<Reply, Invariant> {
        let before = self.secret.current().content;
        let versions = self.secret.versions.len();
        let blindly = setup.has(Mutation::NoCompareAndSwap);
        let reply = self.secret.execute(put, blindly);
        if self.secret.versions.len() == versions {
            return Ok(reply);
        }
        match (before, put.content) {
            (Content::Tombstone, Content::Record { .. }) => Err(Invariant::DeletedStaysDeleted),
            (Content::Record { token: former, .. }, Content::Record { token, .. })
                if token.access < former.access && put.purpose != Purpose::Foreign =>
            {
                Err(Invariant::NoNewerTokenIsOverwritten)
            }
            _ => Ok(reply),
        }
    }

    /// Leaves a put that was not executed to be executed later.
    fn leave_behind(&mut self, number: u8) -> Put {
        let put = self.put_of(number);
        if self.process(number).reply.is_none() {
            self.late.push(put);
            self.late.sort_unstable();
        }
        put
    }

    /// Whether there is a process that has this lease, and goes on with it.
    fn is_held(&self, nonce: u8) -> bool {
        self.processes.iter().any(|process| process.holds(nonce))
    }

    /// Whether the record has this lease, and nobody goes on with it.
    pub fn is_abandoned(&self, nonce: u8) -> bool {
        let lease = self.secret.current().content.lease();
        lease.is_some_and(|lease| lease.nonce == nonce) && !self.is_held(nonce)
    }

    fn awaited(&self, number: u8) -> (u8, bool) {
        match self.processes[usize::from(number)].phase {
            Phase::Wait {
                nonce, is_sending, ..
            } => (nonce, is_sending),
            _ => unreachable!("the process waits"),
        }
    }

    fn put_of(&self, number: u8) -> Put {
        match self.processes[usize::from(number)].phase {
            Phase::Put(put) => put,
            _ => unreachable!("the process has made a put"),
        }
    }

    fn process(&mut self, number: u8) -> &mut Process {
        &mut self.processes[usize::from(number)]
    }
}
