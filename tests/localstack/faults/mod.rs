//! Calls that fail, time out, lose their response or stop halfway: errors have the right kind, the
//! right calls are retried, and no saved record is lost or stored twice.

mod conditions;
mod crashes;
mod environment;
mod failures;
mod lost_responses;
mod outage;
mod retries;
mod rollback;
mod suspension;
