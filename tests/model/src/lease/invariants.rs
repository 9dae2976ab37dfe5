//! What must hold, by name.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    RequestsAreFew,
    ExactlyOneRequestWithoutFaults,
    AGrantIsSentOnce,
    NoNewerTokenIsOverwritten,
    ARotatedTokenIsNotLost,
    DeletedStaysDeleted,
    EverybodyEnds,
    EverybodyHasATokenWithoutFaults,
    NoLeaseStaysWithoutFaults,
    TheNextCallerEnds,
}

impl Invariant {
    pub fn name(self) -> &'static str {
        match self {
            Invariant::RequestsAreFew => "requests_are_few",
            Invariant::ExactlyOneRequestWithoutFaults => "exactly_one_request_without_faults",
            Invariant::AGrantIsSentOnce => "a_grant_is_sent_once",
            Invariant::NoNewerTokenIsOverwritten => "no_newer_token_is_overwritten",
            Invariant::ARotatedTokenIsNotLost => "a_rotated_token_is_not_lost",
            Invariant::DeletedStaysDeleted => "deleted_stays_deleted",
            Invariant::EverybodyEnds => "everybody_ends",
            Invariant::EverybodyHasATokenWithoutFaults => "everybody_has_a_token_without_faults",
            Invariant::NoLeaseStaysWithoutFaults => "no_lease_stays_without_faults",
            Invariant::TheNextCallerEnds => "the_next_caller_ends",
        }
    }
}
