//! Zoho's accounts server: which refresh tokens it takes, and what it has issued.

use crate::lease::secret::{Access, Refresh};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issued {
    pub access: Access,
    /// The refresh token, if the answer brings one.
    pub refresh: Option<Refresh>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    Issued(Issued),
    InvalidCode,
    /// It may issue a token later.
    Unavailable,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Zoho {
    /// The refresh tokens that it takes, as bits.
    valid: u8,
    /// The number of access tokens that were issued, here or elsewhere.
    issued: Access,
    /// The number of refresh tokens that were issued.
    refresh_tokens: Refresh,
    has_grant: bool,
    rotates: bool,
}

impl Zoho {
    pub fn new(accepts: bool, has_grant: bool, rotates: bool, logs_in: bool) -> Self {
        Zoho {
            valid: u8::from(accepts && !has_grant),
            issued: 0,
            refresh_tokens: 0,
            has_grant: accepts && (has_grant || logs_in),
            rotates,
        }
    }

    pub fn refresh(&mut self, refresh: Refresh) -> Answer {
        if !self.accepts(refresh) {
            return Answer::InvalidCode;
        }
        let rotated = self.rotates.then(|| {
            self.valid &= !(1 << refresh);
            self.new_refresh_token()
        });
        Answer::Issued(Issued {
            access: self.new_access_token(),
            refresh: rotated,
        })
    }

    pub fn exchange(&mut self) -> Answer {
        if !std::mem::take(&mut self.has_grant) {
            return Answer::InvalidCode;
        }
        Answer::Issued(self.log_in())
    }

    /// A login elsewhere.
    pub fn log_in(&mut self) -> Issued {
        Issued {
            access: self.new_access_token(),
            refresh: Some(self.new_refresh_token()),
        }
    }

    pub fn new_access_token(&mut self) -> Access {
        self.issued += 1;
        self.issued
    }

    fn new_refresh_token(&mut self) -> Refresh {
        self.refresh_tokens += 1;
        self.valid |= 1 << self.refresh_tokens;
        self.refresh_tokens
    }

    pub fn accepts(&self, refresh: Refresh) -> bool {
        self.valid & (1 << refresh) != 0
    }
}
