//! The protocol: which call of a save or a deletion follows on what AWS has returned, as in
//! `secrets_manager/ops`.

use crate::writes::aws::{Content, Mark, Operation, Reply, Secret, Snapshot, Tags, VersionId};
use crate::writes::configuration::{Kind, Mutation, Setup};
use crate::writes::known::{self, Known};
use crate::writes::plan::Plan;
use crate::writes::process::{End, Phase, Process};

impl Process {
    /// Goes on after a read.
    pub fn read(&mut self, setup: &Setup, op: Operation, view: Option<Snapshot>) -> Option<End> {
        match self.phase {
            Phase::Describe => self.described(setup, view),
            Phase::Prove(doubtful) => {
                let state = known::seen(doubtful);
                let known = self.known?;
                if known::is_proved(&known, state, view) {
                    known::accept(&mut self.known, state);
                    return self.believe(setup, op, doubtful);
                }
                self.phase = match state {
                    Some(_) => Phase::Read,
                    None => Phase::Missing(doubtful),
                };
                None
            }
            _ => {
                let knows_later = |known: Known| known.is_later_than(known::seen(view));
                if setup.mutation != Some(Mutation::NoKnownStates)
                    && self.known.is_some_and(knows_later)
                {
                    self.phase = Phase::Prove(view);
                    return None;
                }
                self.believe(setup, op, view)
            }
        }
    }

    /// Goes on after asking if a secret exists.
    pub fn asked(&mut self, setup: &Setup, op: Operation, now: Option<&Secret>) -> Option<End> {
        let now = now.filter(|secret| secret.mark == Mark::Unmarked);
        match self.phase {
            Phase::Missing(view) => {
                let is_known = |known: Known| now.is_some_and(|secret| secret.arn == known.arn);
                if self.known.is_some_and(is_known) {
                    self.phase = Phase::Read;
                    return None;
                }
                known::accept(&mut self.known, None);
                self.believe(setup, op, view)
            }
            _ if now.is_some() => {
                self.phase = Phase::Read;
                None
            }
            _ => Some(End::Deleted),
        }
    }

    fn believe(&mut self, setup: &Setup, op: Operation, view: Option<Snapshot>) -> Option<End> {
        let is_own_creation = self.phase == Phase::ReadOwn;
        known::learn(&mut self.known, known::seen(view));
        let Kind::Save { .. } = setup.kind(op) else {
            return self.read_for_deletion(setup, view);
        };
        self.phase = match view {
            None => Phase::Create,
            Some(snapshot) if snapshot.marked => Phase::Describe,
            Some(snapshot) => match snapshot.content {
                Content::Record(record) if is_own_creation && record.write == op => {
                    return Some(End::Saved);
                }
                Content::Record(record) => {
                    let plan = Plan::update(setup, op, snapshot, record);
                    if plan.record != record {
                        return self.write(setup, plan);
                    }
                    if setup.mutation.is_some_and(Mutation::believes_unchanged) {
                        return Some(End::Saved);
                    }
                    Phase::Confirm(plan)
                }
                Content::Tombstone(_) => {
                    let plan = Plan::fresh(setup, op, snapshot.arn, snapshot.current);
                    return self.write(setup, plan);
                }
            },
        };
        None
    }

    fn read_for_deletion(&mut self, setup: &Setup, view: Option<Snapshot>) -> Option<End> {
        self.phase = match view.filter(|snapshot| !snapshot.marked) {
            None if setup.mutation == Some(Mutation::DeleteOnNotFound) => {
                return Some(End::Deleted);
            }
            None => Phase::Surely,
            Some(snapshot) => match snapshot.content {
                Content::Tombstone(_) if setup.mutation == Some(Mutation::BelieveTombstone) => {
                    Phase::Delete { arn: snapshot.arn }
                }
                // The put proves that the version which was read is the current one.
                Content::Record(_) | Content::Tombstone(_) => Phase::Tombstone {
                    arn: snapshot.arn,
                    base: snapshot.current,
                },
            },
        };
        None
    }

    fn described(&mut self, setup: &Setup, view: Option<Snapshot>) -> Option<End> {
        let marked = view.filter(|snapshot| snapshot.marked);
        self.phase = match marked {
            None => Phase::Read,
            Some(snapshot) => {
                let is_tombstone = snapshot.tombstone == Some(snapshot.current);
                if !is_tombstone && setup.mutation != Some(Mutation::RestoreWithoutTombstone) {
                    return Some(End::Elsewhere);
                }
                Phase::Restore {
                    arn: snapshot.arn,
                    tombstone: snapshot.current,
                }
            }
        };
        None
    }

    fn write(&mut self, setup: &Setup, plan: Plan) -> Option<End> {
        // The same put again tells whether it has been executed. If it was not, it never will be.
        if let Some(open) = self.open.filter(|open| open.arn == plan.arn) {
            self.phase = Phase::Put(open);
            return None;
        }
        let is_tagged = self.tagged == Some(plan.arn);
        self.phase = match is_tagged || setup.mutation == Some(Mutation::TagAfterPut) {
            true => Phase::Put(plan),
            false => Phase::Tag(plan),
        };
        None
    }

    /// Goes on after the answer to a call that changes something.
    pub fn receive(&mut self, setup: &Setup, op: Operation, reply: Reply) -> Option<End> {
        let tags_last = setup.mutation == Some(Mutation::TagAfterPut);
        let needs_current = setup.mutation == Some(Mutation::OutrunUnlessCurrent);
        let forgets = setup.mutation == Some(Mutation::ForgetRefusedPut);
        let reads_again = setup.mutation == Some(Mutation::ReadWhenThrottled);
        self.phase = match (self.phase, reply) {
            (Phase::Create, Reply::Created(arn)) => {
                let version = VersionId { root: op, depth: 0 };
                known::written(&mut self.known, arn, version);
                return Some(End::Saved);
            }
            (Phase::Create, Reply::Exists) => Phase::ReadOwn,
            (Phase::Create, Reply::Deleted) => Phase::Describe,
            (Phase::Restore { arn, tombstone }, Reply::Done) => {
                return self.write(setup, Plan::fresh(setup, op, arn, tombstone));
            }
            (Phase::Tag(plan), Reply::Done) => {
                self.tagged = Some(plan.arn);
                match tags_last {
                    true => return self.prune(plan),
                    false => Phase::Put(plan),
                }
            }
            (Phase::Put(plan), Reply::Put { is_current }) if is_current || !needs_current => {
                known::written(&mut self.known, plan.arn, plan.version);
                match tags_last {
                    true => Phase::Tag(plan),
                    // Another process may have built on it long ago.
                    false if self.open == Some(plan) => return Some(End::Saved),
                    false => return self.prune(plan),
                }
            }
            (Phase::Confirm(_), Reply::Put { is_current: true }) | (Phase::Prune(_), _) => {
                return Some(End::Saved);
            }
            (Phase::Tombstone { arn, base }, Reply::Put { is_current: true }) => {
                known::written(&mut self.known, arn, setup.successor(base, op));
                Phase::Delete { arn }
            }
            (Phase::Tombstone { .. }, Reply::NotFound | Reply::Deleted) => {
                return Some(End::Deleted);
            }
            (Phase::Delete { .. }, Reply::Done | Reply::NotFound | Reply::Deleted) => {
                known::accept(&mut self.known, None);
                return Some(End::Deleted);
            }
            // An earlier request of this put may have been executed, or may be later.
            (Phase::Put(plan), Reply::NotFound | Reply::Deleted) if !forgets => {
                self.open = Some(plan);
                Phase::Read
            }
            // Another process came first: start over.
            (Phase::Put(_), Reply::Exists) => {
                self.open = None;
                Phase::Read
            }
            // An earlier request may have been executed, and another process may have built on it.
            (phase @ (Phase::Put(_) | Phase::Create), Reply::Throttled) if !reads_again => phase,
            _ => Phase::Read,
        };
        None
    }

    fn prune(&mut self, plan: Plan) -> Option<End> {
        if plan.pruned == Tags::default() {
            return Some(End::Saved);
        }
        self.phase = Phase::Prune(plan);
        None
    }
}
