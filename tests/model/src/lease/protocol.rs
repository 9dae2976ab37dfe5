//! The protocol: what a process does about what it has read, and about the answers of AWS and Zoho.

use crate::lease::configuration::{Kind, Mutation, Setup};
use crate::lease::process::{End, Phase, Process};
use crate::lease::secret::{Content, Lease, LeasePhase, Purpose, Put, Reply, Token, View};
use crate::lease::zoho::Answer;

impl Process {
    /// Goes on after a read. `nonce` is one that no process has used.
    pub fn read(&mut self, setup: &Setup, view: View, nonce: u8) {
        if view.depth < self.known {
            return;
        }
        self.known = view.depth;
        match self.phase {
            Phase::ReadToSave => self.save(setup, view),
            Phase::ReadAgain => self.refused(setup, view, nonce),
            _ => self.look(setup, view, nonce),
        }
    }

    fn look(&mut self, setup: &Setup, view: View, nonce: u8) {
        let Some(token) = view.content.token() else {
            return self.end(match self.kind {
                Kind::Refresher | Kind::Explicit => End::NotFound,
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
                };
                let content = Content::Record { token, lease: None };
                self.put(view, content, Purpose::Foreign);
            }
            Kind::Refresher | Kind::Explicit if token.access > 0 => self.end(End::Token),
            Kind::Refresher | Kind::Explicit => match view.content.lease() {
                None => self.put_lease(setup, view, nonce),
                Some(lease) if lease.phase == LeasePhase::Failed => self.end(End::NeedsLogin),
                Some(_) if setup.is_usable => self.end(End::StillUsable),
                Some(lease) => {
                    self.phase = Phase::Wait {
                        nonce: lease.nonce,
                        is_sending: lease.phase == LeasePhase::Sending,
                    }
                }
            },
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
        self.is_late = false;
        let content = self.leased(LeasePhase::Held);
        self.put(view, content, Purpose::Lease);
    }

    /// Goes on as the holder of the lease, if it got it quickly.
    pub fn check(&mut self, setup: &Setup, view: View) {
        if self.is_late && !setup.has(Mutation::NoStartCheck) {
            return self.start_over();
        }
        match self.base().has_grant && !setup.has(Mutation::NoSending) {
            true => self.put(view, self.leased(LeasePhase::Sending), Purpose::Sending),
            false => self.phase = Phase::Checked,
        }
    }

    /// Goes on after Zoho's answer.
    pub fn answered(&mut self) {
        match self.answer {
            Some(Answer::Issued(_)) => self.phase = Phase::ReadToSave,
            // The first request may have been the one that counted.
            _ if self.base().has_grant && self.has_asked_twice => self.end(End::GrantUnsettled),
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
        self.end(match self.base().has_grant {
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
        };
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
        self.put(view, Content::Record { token, lease: None }, purpose);
    }

    /// Goes on after reading again what Zoho has refused.
    fn refused(&mut self, setup: &Setup, view: View, nonce: u8) {
        if view.content.token() != Some(self.base()) {
            self.start_over();
            return self.look(setup, view, nonce);
        }
        match setup.has(Mutation::NoFailed) {
            true => self.end(End::NeedsLogin),
            false => self.put(view, self.leased(LeasePhase::Failed), Purpose::Failed),
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
            Purpose::Failed => self.end(End::NeedsLogin),
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
            Purpose::Failed => self.end(End::NeedsLogin),
            _ => self.end(End::Retryable),
        }
    }

    /// The token that it refreshes.
    pub fn base(&self) -> Token {
        self.held.expect("it has put a lease").0
    }

    /// The record with its lease.
    fn leased(&self, phase: LeasePhase) -> Content {
        let (token, nonce) = self.held.expect("it has a nonce");
        let lease = Lease {
            base: token,
            nonce,
            phase,
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
