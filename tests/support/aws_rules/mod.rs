//! AWS's rules, for both fakes of AWS: the simulation and `fake_aws` in front of LocalStack.
//!
//! Pure functions: without I/O, and with time and random numbers from the caller. A rule sees a
//! secret through [`Described`], and each fake turns a [`Refusal`] into its own response.

pub mod batch_get;
pub mod chance;
mod described;
pub mod filters;
pub mod limits;
pub mod names;
pub mod paging;
pub mod quotas;
mod refusal;
pub mod signature;

pub use described::Described;
pub use quotas::Quotas;
pub use refusal::Refusal;
