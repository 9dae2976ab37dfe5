//! What a store does when nothing fails: it keeps the contract, its records lie in Secrets Manager
//! as they should, and its cache and its lists show what is stored.

mod cache;
mod contract;
mod deletion;
mod index;
mod lists;
mod reindex;
mod replicas;
mod sequences;
mod stale_caches;
