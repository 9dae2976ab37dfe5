//! Kinds of failures that the store acts on.

/// What the store can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is no such secret, or it has no value.
    NotFound,
    /// The secret is marked for deletion, or its deletion is under way.
    Deleted,
    /// The name, or the version, is taken.
    Exists,
    /// A quota that is not lifted by waiting a moment.
    Limit,
    /// The secret has replicas and cannot be deleted with them.
    Replicated,
    /// The role may not make the call.
    Denied,
    /// The account makes too many calls a second.
    Throttled,
    /// This process makes more calls a second than its own limit allows. The call was not made.
    Busy,
    /// Nothing that the store can act on.
    Other,
}
