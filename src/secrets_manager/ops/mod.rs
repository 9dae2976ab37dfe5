//! What the store does: each operation in a module of its own.

pub(crate) mod bulk;
pub(crate) mod compare_and_swap;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod lookup_plan;
pub(crate) mod lookups;
pub(crate) mod reindex;
pub(crate) mod restore;
pub(crate) mod retry;
pub(crate) mod save;
pub(crate) mod single_flight;
pub(crate) mod warm_up;
