//! Several tasks and processes that use the same records at once, and callers that drop futures: no
//! save is lost, no record is stored twice, and the cache agrees with AWS.

mod cancellation;
mod histories;
mod history_checker;
mod races;
mod writers;
