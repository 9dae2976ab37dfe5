//! AWS's rules: what it refuses whatever else happens.

pub mod filters;
pub mod limits;
pub mod paging;
pub mod quotas;
pub mod signature;
