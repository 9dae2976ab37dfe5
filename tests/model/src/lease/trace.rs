//! Traces, written down for people.

use crate::lease::configuration::Setup;
use crate::lease::state::State;
use crate::lease::step::Step;

/// Writes a trace down, one step a line.
///
/// Processes are numbered in each state anew, so a line tells what the process does.
pub fn describe(setup: &Setup, trace: &[Step]) -> String {
    let mut state = State::initial(setup);
    let mut lines = String::new();
    for (number, &step) in trace.iter().enumerate() {
        lines += &format!("{:>4}. {}\n", number + 1, line(&state, step));
        match state.after(setup, step) {
            Ok(next) => state = next,
            Err(invariant) => lines += &format!("      violates {}\n", invariant.name()),
        }
    }
    lines
}

fn line(state: &State, step: Step) -> String {
    let of = |number: u8, what: &str| {
        let process = &state.processes[usize::from(number)];
        let nonce = match process.held {
            Some((_, nonce)) => format!(" with nonce {nonce}"),
            None => String::new(),
        };
        format!("{:?}{nonce}, {:?}: {what}", process.kind, process.phase)
    };
    match step {
        Step::Read(number) => of(number, &format!("{:?}", state.secret.current())),
        Step::ReadAhead(number) => of(number, "reads, and sees the next stage already"),
        Step::ReadStale(number, depth) => {
            let view = state.secret.at(depth.into());
            of(number, &format!("shows a former version: {view:?}"))
        }
        Step::Execute(number) => of(number, "is executed"),
        Step::Receive(number) => {
            let reply = state.processes[usize::from(number)].reply;
            of(number, &format!("is answered: {reply:?}"))
        }
        Step::Lose(number) => of(number, "the answer is lost, the put is made again"),
        Step::GiveUp(number) => of(number, "the process gives up on the put"),
        Step::Check(number) => of(number, "looks at how long it took to get the lease"),
        Step::Send(number) => of(number, "asks Zoho"),
        Step::Issue(number) => of(number, "Zoho executes the request"),
        Step::Answer(number) => {
            let answer = state.processes[usize::from(number)].answer;
            of(number, &format!("gets {answer:?}"))
        }
        Step::Refuse(number) => of(number, "Zoho issues no token at the moment"),
        Step::LoseAnswer(number) => of(number, "Zoho's answer is lost"),
        Step::SaveAgain(number) => of(number, "tries again to save the answer"),
        Step::TakeOver(number) => of(number, "takes the lease over"),
        Step::StopWaiting(number) => of(number, "waits no longer"),
        Step::Return(number) => of(number, "returns what it has"),
        Step::TryAgain(number) => of(number, "tries again after a pause"),
        Step::Crash(number) => of(number, "the process crashes"),
        Step::Pass => "time passes".to_owned(),
        Step::ExecuteLate(index) => {
            let put = state.late[usize::from(index)];
            format!("a late put is executed: {put:?}")
        }
    }
}
