//! The model as the explorer sees it, with what must hold when all processes have ended.

use crate::lease::configuration::{Faults, Kind, Setup, Stage};
use crate::lease::invariants::Invariant;
use crate::lease::process::{End, Phase, Process};
use crate::lease::secret::{Content, LeasePhase};
use crate::lease::state::State;
use crate::lease::step::Step;
use crate::model::Model;

/// The number of steps that a process which is alone takes at most.
const STEPS_ALONE: usize = 20;

impl Model for Setup {
    type State = State;
    type Step = Step;
    type Invariant = Invariant;

    fn initial(&self) -> State {
        State::initial(self)
    }

    fn steps(&self, state: &State) -> Vec<Step> {
        state.steps(self)
    }

    fn after(&self, state: &State, step: Step) -> Result<State, Invariant> {
        state.after(self, step)
    }

    fn check(&self, state: &State) -> Result<(), Invariant> {
        if !state.is_over() {
            return Ok(());
        }
        if self.faults == Faults::default() {
            check_without_faults(self, state)?;
        }
        check_rotated(self, state)?;
        next_caller(state, &self.alone())
    }

    fn stuck(&self, state: &State) -> Result<(), Invariant> {
        match state.is_over() {
            true => Ok(()),
            false => Err(Invariant::EverybodyEnds),
        }
    }
}

fn check_without_faults(setup: &Setup, state: &State) -> Result<(), Invariant> {
    let is_login = |process: &Process| process.kind == Kind::Exchanger;
    let mut logins = state.processes.iter().filter(|process| is_login(process));
    if !logins.all(|process| process.phase == Phase::Over(End::Token)) {
        return Err(Invariant::EverybodyHasATokenWithoutFaults);
    }
    let only_refresh = setup.processes.iter().all(|kind| *kind == Kind::Refresher);
    if !only_refresh {
        return Ok(());
    }
    // Nobody asks Zoho if the token is good to all.
    let is_still_usable = |process: &Process| process.phase == Phase::Over(End::StillUsable);
    let is_good = setup.stage == Stage::Early && state.processes.iter().all(is_still_usable);
    if state.spent.requests != u8::from(!is_good) {
        return Err(Invariant::ExactlyOneRequestWithoutFaults);
    }
    let was_usable = setup.stage != Stage::Unusable;
    let ends = |end: End| match end {
        End::Token => setup.accepts,
        End::NeedsLogin => !setup.accepts,
        End::StillUsable => was_usable,
        _ => false,
    };
    let has_ended = |phase| matches!(phase, Phase::Over(end) if ends(end));
    let mut processes = state.processes.iter();
    if !processes.all(|process| has_ended(process.phase)) {
        return Err(Invariant::EverybodyHasATokenWithoutFaults);
    }
    match state.secret.current().content {
        Content::Record { lease: Some(_), .. } if setup.accepts => {
            Err(Invariant::NoLeaseStaysWithoutFaults)
        }
        _ => Ok(()),
    }
}

/// Whether the refresh token in the record is one that Zoho takes, unless a process crashed after it
/// had asked Zoho, or Zoho's answer was lost.
fn check_rotated(setup: &Setup, state: &State) -> Result<(), Invariant> {
    let may_be_lost = state.spent.crashes + state.spent.lost > 0 || !setup.accepts;
    match state.secret.current().content.token() {
        Some(token) if !token.has_grant && !may_be_lost && !state.zoho.accepts(token.refresh) => {
            Err(Invariant::ARotatedTokenIsNotLost)
        }
        _ => Ok(()),
    }
}

/// Whether a process that comes later ends as it should.
fn next_caller(state: &State, alone: &Setup) -> Result<(), Invariant> {
    let failed = Invariant::TheNextCallerEnds;
    let content = state.secret.current().content;
    let mut state = state.with_only(alone);
    for _ in 0..STEPS_ALONE {
        if let Phase::Over(end) = state.processes[0].phase {
            let lease = content.lease().map(|lease| lease.phase);
            let can_refresh = content
                .token()
                .is_some_and(|token| state.zoho.accepts(token.refresh));
            let is_right = match end {
                End::Token => true,
                End::NotFound => content == Content::Tombstone,
                End::NeedsLogin => {
                    lease == Some(LeasePhase::Failed { is_final: true }) || !can_refresh
                }
                End::GrantUnsettled => content.sent(),
                _ => false,
            };
            return if is_right { Ok(()) } else { Err(failed) };
        }
        let mut steps = state.steps(alone).into_iter();
        let step = steps.find(|step| *step != Step::Read(0) || may_read(&state));
        state = state.after(alone, step.ok_or(failed)?)?;
    }
    Err(failed)
}

/// Whether another read may tell the process something.
fn may_read(state: &State) -> bool {
    !matches!(state.processes[0].phase, Phase::Wait { .. })
}
