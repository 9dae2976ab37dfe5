//! What the store does, one operation per module.
//!
//! [`find`] and [`save`] are the roots; imports between the modules run from operations to their
//! steps and never back.

pub(crate) mod bulk;
pub(crate) mod check;
mod compare_and_swap;
pub(crate) mod coordinate;
pub(crate) mod core;
mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod find;
mod list;
mod lookup_plan;
mod mark_again;
mod query;
mod read;
pub(crate) mod record_locks;
mod refused_put;
pub(crate) mod reindex;
mod restore;
mod retry;
pub(crate) mod save;
mod settle;
pub(crate) mod single_flight;
pub(crate) mod succession;
pub(crate) mod time_limit;
pub(crate) mod undelete;
mod update;
pub(crate) mod warm_up;
mod write;
mod write_tags;
