//! The record in Secrets Manager: its versions, each with token and lease.

/// When Zoho or another process issued an access token, in order: 0 is the one that has expired.
pub type Access = u8;

/// Which refresh token: 0 is the first one.
pub type Refresh = u8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    pub access: Access,
    pub refresh: Refresh,
    /// Whether there is a grant token that is to be exchanged, and nothing else.
    pub has_grant: bool,
    /// Whether these are the tokens of a user who has logged in again.
    pub is_second_login: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease {
    /// What it is for: another token makes it void.
    pub base: Token,
    pub nonce: u8,
    pub phase: LeasePhase,
    /// The grant token may have been sent to Zoho.
    pub sent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeasePhase {
    Held,
    /// The grant token may be on its way to Zoho.
    Sending,
    /// Zoho has refused. Unless that is final, Zoho is asked again after a pause.
    Failed {
        is_final: bool,
    },
    /// Nobody has the lease. It only tells that the grant token may have been sent.
    Free,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    Record { token: Token, lease: Option<Lease> },
    Tombstone,
}

impl Content {
    pub fn token(self) -> Option<Token> {
        match self {
            Content::Record { token, .. } => Some(token),
            Content::Tombstone => None,
        }
    }

    /// The lease that is for the token beside it.
    pub fn lease(self) -> Option<Lease> {
        match self {
            Content::Record { token, lease } => lease.filter(|lease| lease.base == token),
            Content::Tombstone => None,
        }
    }

    /// Whether the grant token may have been sent.
    pub fn sent(self) -> bool {
        self.lease().is_some_and(|lease| lease.sent)
    }

    /// This token, with what is left of a lease that nobody has.
    pub fn free(token: Token, sent: bool) -> Self {
        let lease = Lease {
            base: token,
            nonce: 0,
            phase: LeasePhase::Free,
            sent,
        };
        Content::Record {
            token,
            lease: sent.then_some(lease),
        }
    }
}

/// A version's place in the chain: its id is computed from the one before it.
pub type Depth = u8;

/// A version as a process has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    pub depth: Depth,
    pub content: Content,
}

/// A put of the successor of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Put {
    pub depth: Depth,
    pub content: Content,
    pub purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    Lease,
    Sending,
    /// Zoho's answer goes in, and the lease out.
    Save,
    /// A rotated refresh token alone.
    Rotated,
    Failed {
        is_final: bool,
    },
    /// A save without a lease.
    Foreign,
    Tombstone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reply {
    /// The version exists with this content.
    Put { is_current: bool },
    /// The version exists with other content.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Secret {
    pub versions: Vec<Content>,
}

impl Secret {
    pub fn current(&self) -> View {
        self.at(self.versions.len() - 1)
    }

    pub fn at(&self, depth: usize) -> View {
        View {
            depth: Depth::try_from(depth).expect("there are few versions"),
            content: self.versions[depth],
        }
    }

    /// Executes a put as AWS does. `blindly` puts on top of whatever is current.
    pub fn execute(&mut self, put: Put, blindly: bool) -> Reply {
        let depth = usize::from(put.depth);
        if blindly || depth == self.versions.len() {
            self.versions.push(put.content);
            return Reply::Put { is_current: true };
        }
        match self.versions[depth] == put.content {
            true => Reply::Put {
                is_current: depth + 1 == self.versions.len(),
            },
            false => Reply::Refused,
        }
    }
}
