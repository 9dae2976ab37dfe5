//! Secrets Manager as the store uses it: the calls, what each failure means, and how fast to call.

mod bodies;
pub(crate) mod calls;
pub(crate) mod client;
pub(crate) mod deletion;
pub(crate) mod failure;
pub(crate) mod rate_limit;
#[cfg(test)]
mod tests;
pub(crate) mod validate;
