//! What has happened that may cost requests to Zoho, and how many there were.

use crate::lease::configuration::Setup;
use crate::lease::invariants::Invariant;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spent {
    pub requests: u8,
    /// Those of them with a grant token.
    pub grants: u8,
    /// Crashes of processes that had asked Zoho.
    pub crashes: u8,
    /// Lost answers of Zoho.
    pub lost: u8,
    /// Answers of Zoho that it issues no token at the moment.
    pub unavailable: u8,
    /// Leases taken over from processes that had asked Zoho, or were about to.
    pub takeovers: u8,
    /// Refusals that could not be noted.
    pub not_noted: u8,
    /// Grants in doubt, and refused tokens, that were sent again explicitly.
    pub overrides: u8,
}

impl Spent {
    /// Counts a request, if there may be one more.
    pub fn count_request(&mut self, setup: &Setup, is_grant: bool) -> Result<(), Invariant> {
        self.requests += 1;
        self.grants += u8::from(is_grant);
        if !setup.counts_requests {
            return Ok(());
        }
        let again = self.lost + self.unavailable + self.overrides;
        if self.grants > 1 + again {
            return Err(Invariant::AGrantIsSentOnce);
        }
        // The refresh of the former tokens, and the login.
        let needed = 1 + u8::from(setup.logs_in());
        match self.requests > needed + again + self.crashes + self.takeovers + self.not_noted {
            true => Err(Invariant::RequestsAreFew),
            false => Ok(()),
        }
    }
}
