//! Secrets do not leak and permissions suffice: no secret is shown or left in memory, nothing is
//! written to disk, and each role may do what it needs and nothing else.

mod log_crate;
mod permissions;
#[cfg(target_os = "linux")]
mod read_only;
mod secrecy;
mod wiped;
