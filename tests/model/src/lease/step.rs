//! The steps that can come next in a state.

use crate::lease::configuration::{Kind, Mutation, Setup};
use crate::lease::process::{Phase, Process};
use crate::lease::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A process reads the current version.
    Read(u8),
    /// A process reads it that sees the next stage already: its clock is ahead, or it has drawn an
    /// early window.
    ReadAhead(u8),
    /// A process reads this former version.
    ReadStale(u8, u8),
    /// AWS executes the put of a process.
    Execute(u8),
    /// The process gets AWS's answer.
    Receive(u8),
    /// AWS's answer is lost, and the put is made again.
    Lose(u8),
    /// The process gives up on its put, which may still be executed.
    GiveUp(u8),
    /// The process, which has the lease, looks at how long that took.
    Check(u8),
    /// The process sends its request to Zoho.
    Send(u8),
    /// Zoho executes it.
    Issue(u8),
    /// The process gets Zoho's answer.
    Answer(u8),
    /// Zoho's answer is lost.
    LoseAnswer(u8),
    /// Zoho issues no token at the moment.
    Refuse(u8),
    /// The process tries again to save Zoho's answer.
    SaveAgain(u8),
    /// The process takes the lease over that it waits for.
    TakeOver(u8),
    /// The process waits no longer.
    StopWaiting(u8),
    /// The process returns the token that is usable, or the refusal of an earlier attempt.
    Return(u8),
    /// The process tries again after the pause that follows a refusal.
    TryAgain(u8),
    Crash(u8),
    ExecuteLate(u8),
    /// Time passes to the next stage.
    Pass,
}

impl State {
    /// The steps that can come next.
    pub fn steps(&self, setup: &Setup) -> Vec<Step> {
        let mut steps = Vec::new();
        for (number, process) in (0..).zip(&self.processes) {
            self.steps_of(setup, number, process, &mut steps);
        }
        let late = (0..).zip(&self.late);
        steps.extend(late.map(|(index, _)| Step::ExecuteLate(index)));
        if setup.time_passes && self.stage.next().is_some() {
            steps.push(Step::Pass);
        }
        steps
    }

    fn steps_of(&self, setup: &Setup, number: u8, process: &Process, steps: &mut Vec<Step>) {
        if process.is_reading() {
            steps.push(Step::Read(number));
            if setup.time_passes && self.stage.next().is_some() {
                steps.push(Step::ReadAhead(number));
            }
            if self.left.stale > 0 {
                let former = 0..self.secret.current().depth;
                steps.extend(former.map(|depth| Step::ReadStale(number, depth)));
            }
        }
        match process.phase {
            Phase::Wait {
                nonce,
                is_sending,
                is_usable,
            } => {
                let may_wait_no_longer = self.left.impatient > 0 || self.is_abandoned(nonce);
                if may_wait_no_longer && (!is_sending || takes_over_sending(setup, process)) {
                    steps.push(Step::TakeOver(number));
                }
                if is_usable {
                    steps.push(Step::Return(number));
                } else if self.left.impatient > 0 || (is_sending && may_wait_no_longer) {
                    steps.push(Step::StopWaiting(number));
                }
            }
            Phase::Paused { .. } => {
                steps.push(Step::TryAgain(number));
                steps.push(Step::Return(number));
            }
            Phase::Put(_) => {
                match process.reply {
                    None => steps.push(Step::Execute(number)),
                    Some(_) => {
                        steps.push(Step::Receive(number));
                        if self.left.lost > 0 {
                            steps.push(Step::Lose(number));
                        }
                    }
                }
                if self.left.failed > 0 {
                    steps.push(Step::GiveUp(number));
                }
            }
            Phase::Held => steps.push(Step::Check(number)),
            Phase::Checked => steps.push(Step::Send(number)),
            Phase::Sent => {
                match process.answer {
                    None => {
                        steps.push(Step::Issue(number));
                        if self.left.unavailable > 0 {
                            steps.push(Step::Refuse(number));
                        }
                    }
                    Some(_) => steps.push(Step::Answer(number)),
                }
                if self.left.lost_by_zoho > 0 {
                    steps.push(Step::LoseAnswer(number));
                }
            }
            Phase::Unsaved => steps.push(Step::SaveAgain(number)),
            _ => {}
        }
        // A process that has done nothing yet leaves nothing behind.
        let has_done_nothing = matches!(
            process.phase,
            Phase::Read | Phase::Wait { .. } | Phase::Paused { .. }
        );
        if self.left.crashes > 0 && !process.is_over() && !has_done_nothing {
            steps.push(Step::Crash(number));
        }
    }
}

fn takes_over_sending(setup: &Setup, process: &Process) -> bool {
    process.kind == Kind::Explicit || setup.has(Mutation::TakeOverSending)
}
