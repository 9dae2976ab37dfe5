//! The operations of a sequence.

use secrecy::SecretString;

use crate::Field;

#[derive(Debug)]
pub(super) enum Operation {
    Save(Columns),
    Find(Columns),
    FindById(Id),
    Delete(Id),
    List,
    Clear,
    Request(Request, Columns),
}

/// What only a provider can do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    AccessToken,
    ExchangeGrant,
    Refused,
}

/// The columns of a token, which are checked when the operation is run.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) id: Option<Id>,
    pub(super) others: Vec<(Field, SecretString)>,
}

#[derive(Clone, Debug)]
pub(super) enum Id {
    Literal(String),
    /// The id in the record that this operation returned.
    AnswerOf(usize),
}
