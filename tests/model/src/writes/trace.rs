//! Traces, written down for people.

use std::fmt::Debug;

use crate::writes::aws::{Content, Snapshot};
use crate::writes::configuration::Setup;
use crate::writes::state::{State, Step};

/// Writes a trace down, one step a line.
pub fn describe(setup: &Setup, trace: &[Step]) -> String {
    let mut state = State::initial(setup);
    let mut lines = String::new();
    for (number, &step) in trace.iter().enumerate() {
        lines += &format!("{:>4}. {}\n", number + 1, line(&state, setup, step));
        match state.after(setup, step) {
            Ok(next) => state = next,
            Err(invariant) => lines += &format!("      violates {}\n", invariant.name()),
        }
    }
    lines
}

fn line(state: &State, setup: &Setup, step: Step) -> String {
    let now = state.secret.as_ref().and_then(|secret| secret.snapshot());
    let of = |number: u8| {
        let process = &state.processes[usize::from(number)];
        let kind = setup.kind(state.operation(setup, number));
        let phase = name(&process.phase);
        format!("process {number}, {}: {phase}", name(&kind))
    };
    match step {
        Step::Read(number) => format!("{}: {}", of(number), view(now)),
        Step::ReadStale(number, index) => {
            let past = state.past[usize::from(index)];
            format!("{} shows a former state: {}", of(number), view(past))
        }
        Step::Execute(number) => {
            let process = &state.processes[usize::from(number)];
            let request = process.request(setup, state.operation(setup, number));
            format!("{} is executed: {request:?}", of(number))
        }
        Step::Receive(number) => {
            let reply = state.processes[usize::from(number)].reply;
            format!("{} is answered: {reply:?}", of(number))
        }
        Step::Lose(number) => format!("{}: its answer is lost, it is made again", of(number)),
        Step::Delay(number) => format!("{} is delayed, and made again", of(number)),
        Step::GiveUp(number) => format!("{}: the process gives up", of(number)),
        Step::Throttle(number) => format!("{} is throttled", of(number)),
        Step::Crash(number) => format!("{}: the process crashes", of(number)),
        Step::ExecuteLate(index) => {
            let request = state.late[usize::from(index)];
            format!("a late call is executed: {request:?}")
        }
        Step::Vanish => "the deletion by force is finished".to_owned(),
    }
}

/// The name of a variant.
fn name(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let end = text.find(['(', ' ']).unwrap_or(text.len());
    text[..end].to_owned()
}

fn view(snapshot: Option<Snapshot>) -> String {
    let Some(snapshot) = snapshot else {
        return "no secret".to_owned();
    };
    let id = snapshot.current;
    let content = match snapshot.content {
        Content::Record(record) => format!("record {:?}", record.fields),
        Content::Tombstone(_) => "tombstone".to_owned(),
    };
    let marked = if snapshot.marked {
        ", marked for deletion"
    } else {
        ""
    };
    format!(
        "arn {}, version {}.{}, {content}{marked}",
        snapshot.arn, id.root, id.depth
    )
}
