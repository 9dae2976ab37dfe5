//! What holds in every run, each a named function that says what is wrong if it does not.

mod deletions;
mod isolation;
mod lookups;
mod saves;

use super::history::Run;

/// What is wrong with a run.
pub type Violation = String;

/// An invariant: its name, and the check.
pub type Invariant = (&'static str, fn(&Run) -> Result<(), Violation>);

macro_rules! invariants {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// All invariants.
        pub const ALL: &[Invariant] = &[$((stringify!($name), $module::$name)),*];
    };
}

invariants![
    saves::acknowledged_save_is_not_lost,
    saves::no_value_comes_back,
    saves::no_field_goes_back,
    saves::acknowledged_record_stays,
    saves::one_record_per_grant,
    saves::merged_record_has_what_was_saved_last,
    deletions::deleted_token_does_not_come_back,
    deletions::deletion_with_a_window_destroys_nothing,
    lookups::own_writes_are_visible_at_once,
    lookups::own_deletions_are_visible_at_once,
    lookups::others_writes_are_visible_after_the_time_to_live,
    lookups::lookup_returns_only_a_matching_record,
    lookups::every_key_of_a_record_finds_it,
    lookups::a_settled_list_is_complete,
    lookups::outage_is_never_none,
    isolation::an_operation_ends_within_its_bound,
    isolation::errors_are_honest,
    isolation::foreign_secrets_are_untouched,
    isolation::no_token_outside_the_secret_value,
];

/// The first invariant that does not hold in a run.
pub fn violated(run: &Run) -> Option<(&'static str, Violation)> {
    ALL.iter()
        .find_map(|(name, holds)| holds(run).err().map(|violation| (*name, violation)))
}
