//! The protocol: what a process does about what it has read, and about the answers of AWS and Zoho.

use crate::lease::configuration::{Kind, Mutation, Setup, Stage};
use crate::lease::process::{End, Phase, Process};
use crate::lease::secret::{Content, Lease, LeasePhase, Purpose, Put, Reply, Token, View};
use crate::lease::zoho::Answer;

impl Process {
    /// Goes on after a read, at this stage by its own clock. `nonce` is one that no process has used.
    pub fn read(&mut self, setup: &Setup, view: View, stage: Stage, nonce: u8) {
        if view.depth < self.known {
            return;
        }
        self.known = view.depth;
        match self.phase {
            Phase::ReadToSave => self.save(setup, view),
            Phase::ReadAgain => self.refused(setup, view, stage, nonce),
            _ => self.look(setup, view, stage, nonce),
        }
    }

    fn look(&mut self, setup: &Setup, view: View, stage: Stage, nonce: u8) {
        let Some(token) = view.content.token() else {
            return self.end(match self.kind {
                Kind::Refresher | Kind::Explicit | Kind::Exchanger => End::NotFound,
                _ => End::Done,
            });
        };
        match self.kind {
            Kind::Deleter => self.put(view, Content::Tombstone, Purpose::Tombstone),
            Kind::ForeignSave | Kind::ForeignLogin => {
                let foreign = self.foreign.expect("it has what it saves");
                let token = Token {
                    access: foreign.access,
                    refresh: foreign.refresh.unwrap_or(token.refresh),
                    has_grant: token.has_grant && foreign.refresh.is_none(),
                    is_second_login: token.is_second_login,
                };
                // Only another login says what became of a grant token.
                let sent = view.content.sent() && foreign.refresh.is_none();
                self.put(view, Content::free(token, sent), Purpose::Foreign);
            }
            Kind::Exchanger if token.is_second_login => self.end(End::Token),
            Kind::Exchanger => self.decide(setup, view, Stage::Unusable, nonce),
            Kind::Refresher | Kind::Explicit if token.access > 0 => self.end(End::Token),
            Kind::Refresher | Kind::Explicit if stage == Stage::Early => {
                self.end(End::StillUsable);
            }
            Kind::Refresher | Kind::Explicit => self.decide(setup, view, stage, nonce),
        }
    }

    /// Decides what to do about a token that is to be refreshed.
    fn decide(&mut self, setup: &Setup, view: View, stage: Stage, nonce: u8) {
        let is_usable = stage == Stage::Usable;
        let Some(lease) = view.content.lease() else {
            return self.put_lease(setup, view, nonce);
        };
        let exchanges = self.exchanges(lease.base);
        let is_unsettled = exchanges && lease.sent && self.kind != Kind::Explicit;
        match lease.phase {
            LeasePhase::Free | LeasePhase::Failed { .. } if is_unsettled => {
                self.end(End::GrantUnsettled);
            }
            LeasePhase::Free => self.put_lease(setup, view, nonce),
            // What is noted of the refresh token does not concern the grant token.
            LeasePhase::Failed { .. } if self.kind == Kind::Exchanger => {
                self.put_lease(setup, view, nonce);
            }
            LeasePhase::Failed { .. } if self.insists() => {
                self.has_insisted = true;
                self.put_lease(setup, view, nonce);
            }
            LeasePhase::Failed { is_final: true } if is_usable => self.end(End::StillUsable),
            LeasePhase::Failed { is_final: true } => self.end(End::NeedsLogin),
            LeasePhase::Failed { is_final: false } => self.phase = Phase::Paused { is_usable },
            LeasePhase::Held | LeasePhase::Sending => {
                self.phase = Phase::Wait {
                    nonce: lease.nonce,
                    is_sending: exchanges && lease.sent,
                    is_usable,
                }
            }
        }
    }

    /// Whether it tries again what Zoho has refused for good.
    pub fn insists(&self) -> bool {
        self.kind == Kind::Explicit && !self.has_insisted
    }

    /// Tries again when the pause after a refusal is over.
    pub fn try_again(&mut self, setup: &Setup, view: View, nonce: u8) {
        match view.content.token() {
            Some(token) if setup.has(Mutation::NoLeaseAfterNote) => {
                self.held = Some((token, nonce));
                self.phase = Phase::Checked;
            }
            _ => self.put_lease(setup, view, nonce),
        }
    }

    /// Puts a lease with this nonce on top of a version.
    pub fn put_lease(&mut self, setup: &Setup, view: View, nonce: u8) {
        let nonce = match setup.has(Mutation::NoNonce) {
            true => 0,
            false => nonce,
        };
        let token = view.content.token().expect("there is a record");
        self.held = Some((token, nonce));
        self.sent_before = view.content.sent();
        self.is_late = false;
        let content = self.leased(LeasePhase::Held);
        self.put(view, content, Purpose::Lease);
    }

    /// Goes on as the holder of the lease, if it got it quickly.
    pub fn check(&mut self, setup: &Setup, view: View) {
        if self.is_late && !setup.has(Mutation::NoStartCheck) {
            return self.start_over();
        }
        match self.exchanges(self.base()) && !setup.has(Mutation::NoSending) {
            true => self.put(view, self.leased(LeasePhase::Sending), Purpose::Sending),
            false => self.phase = Phase::Checked,
        }
    }

    /// Goes on after Zoho's answer.
    pub fn answered(&mut self) {
        match self.answer {
            Some(Answer::Issued(_)) => self.phase = Phase::ReadToSave,
            // Zoho may have exchanged the grant token all the same.
            Some(Answer::Unavailable) if self.exchanges(self.base()) => {
                self.end(End::GrantUnsettled);
            }
            Some(Answer::Unavailable) => self.phase = Phase::ReadAgain,
            // The first request may have been the one that counted.
            _ if self.exchanges(self.base()) && self.has_asked_twice => {
                self.end(End::GrantUnsettled);
            }
            _ => self.phase = Phase::ReadAgain,
        }
    }

    /// Asks Zoho once more, or gives up. Returns whether it asks.
    pub fn unanswered(&mut self) -> bool {
        self.answer = None;
        if !self.has_asked_twice {
            self.has_asked_twice = true;
            return true;
        }
        self.end(match self.exchanges(self.base()) {
            true => End::GrantUnsettled,
            false => End::Retryable,
        });
        false
    }

    fn save(&mut self, setup: &Setup, view: View) {
        let (base, issued) = (self.base(), self.issued());
        let stored = match view.content.token() {
            Some(token) => token,
            None if setup.has(Mutation::Revive) => base,
            None => return self.end(End::Unsaved),
        };
        let refreshed = Token {
            access: issued.access,
            refresh: issued.refresh.unwrap_or(stored.refresh),
            has_grant: false,
            is_second_login: stored.is_second_login || self.kind == Kind::Exchanger,
        };
        let exchanges = self.exchanges(base);
        let sent = !exchanges && view.content.sent() && !setup.has(Mutation::ForgetSent);
        let is_base = stored.access == base.access && stored.refresh == base.refresh;
        let is_rotated = issued.refresh.is_some() && stored.refresh == base.refresh;
        let (token, purpose) = if is_base || setup.has(Mutation::SaveWithoutCompare) {
            (refreshed, Purpose::Save)
        } else if is_rotated && !setup.has(Mutation::DropRotated) {
            let access = stored.access;
            (
                Token {
                    access,
                    ..refreshed
                },
                Purpose::Rotated,
            )
        } else {
            return self.end(End::Token);
        };
        self.put(view, Content::free(token, sent), purpose);
    }

    /// Goes on after reading again what Zoho has refused.
    fn refused(&mut self, setup: &Setup, view: View, stage: Stage, nonce: u8) {
        if view.content.token() != Some(self.base()) {
            // A grant token that was refused is not sent once more.
            if self.kind == Kind::Exchanger {
                return self.end(End::NeedsLogin);
            }
            self.start_over();
            return self.look(setup, view, stage, nonce);
        }
        let is_final = self.answer == Some(Answer::InvalidCode);
        match setup.has(Mutation::NoFailed) {
            true => self.end(refusal(is_final)),
            false => {
                let sent = self.sent_before && !self.exchanges(self.base());
                let note = match self.kind {
                    // It says nothing about the refresh token.
                    Kind::Exchanger => Content::free(self.base(), sent),
                    _ => self.leased_with(LeasePhase::Failed { is_final }, sent),
                };
                self.put(view, note, Purpose::Failed { is_final });
            }
        }
    }

    /// Goes on after AWS's answer to a put.
    pub fn receive(&mut self, put: Put, reply: Reply) {
        let Reply::Put { is_current } = reply else {
            return match put.purpose {
                Purpose::Save | Purpose::Rotated => self.phase = Phase::ReadToSave,
                _ => self.start_over(),
            };
        };
        self.known = self.known.max(put.depth);
        match put.purpose {
            Purpose::Lease if is_current => self.phase = Phase::Held,
            Purpose::Sending if is_current => self.phase = Phase::Checked,
            Purpose::Lease | Purpose::Sending => self.start_over(),
            Purpose::Save | Purpose::Rotated => self.end(End::Token),
            Purpose::Failed { is_final } => self.end(refusal(is_final)),
            Purpose::Foreign | Purpose::Tombstone => self.end(End::Done),
        }
    }

    /// Gives up on a put, whose outcome it does not know.
    pub fn give_up(&mut self, setup: &Setup, put: Put) {
        match put.purpose {
            Purpose::Save | Purpose::Rotated if setup.has(Mutation::DropUnsaved) => {
                self.end(End::Unsaved);
            }
            Purpose::Save | Purpose::Rotated => self.phase = Phase::Unsaved,
            Purpose::Failed { is_final } => self.end(refusal(is_final)),
            _ => self.end(End::Retryable),
        }
    }

    /// The token that it refreshes.
    pub fn base(&self) -> Token {
        self.held.expect("it has put a lease").0
    }

    /// The record with its lease.
    fn leased(&self, phase: LeasePhase) -> Content {
        self.leased_with(phase, self.sent_before || phase == LeasePhase::Sending)
    }

    fn leased_with(&self, phase: LeasePhase, sent: bool) -> Content {
        let (token, nonce) = self.held.expect("it has a nonce");
        let lease = Lease {
            base: token,
            nonce,
            phase,
            sent,
        };
        Content::Record {
            token,
            lease: Some(lease),
        }
    }

    fn put(&mut self, view: View, content: Content, purpose: Purpose) {
        self.phase = Phase::Put(Put {
            depth: view.depth + 1,
            content,
            purpose,
        });
    }
}

/// How a process ends to which Zoho has issued no token.
fn refusal(is_final: bool) -> End {
    match is_final {
        true => End::NeedsLogin,
        false => End::Retryable,
    }
}
