//! Calls that fail, time out, lose their response or stop halfway: errors have the right kind, the
//! right calls are retried, and what was saved is neither lost nor stored twice.

mod conditions;
mod crashes;
mod failures;
mod lost_responses;
mod outage;
mod retries;
mod rollback;
mod suspension;
