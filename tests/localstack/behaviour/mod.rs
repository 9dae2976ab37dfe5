//! The store when nothing fails: it keeps the contract, stores records in the documented form, and
//! its cache and lists agree with what is stored.

mod cache;
mod check;
mod contract;
mod deletion;
mod first_hour;
mod former_layout;
mod index;
mod lists;
mod reindex;
mod replicas;
mod sequences;
mod stale_caches;
