//! Checks a caller's signature: its credentials and its clock.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::aws_rules::{Refusal, signature};
use crate::support::http::Request;

/// Refuses a signature that is too old or too new for AWS's clock, which is `ahead` seconds ahead.
pub fn check_date(request: &Request, ahead: i64) -> Result<(), Refusal> {
    let signed_at = signature::seconds_of(request.header("x-amz-date"));
    signature::check(signed_at, epoch_seconds() + ahead)
}

/// Shifts the times in a response to AWS's clock.
pub fn shift_dates(body: &mut Value, ahead: i64) {
    match body {
        Value::Array(members) => members
            .iter_mut()
            .for_each(|member| shift_dates(member, ahead)),
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_f64().filter(|_| name.ends_with("Date")) {
                    Some(date) => *member = json!(date + ahead as f64),
                    None => shift_dates(member, ahead),
                }
            }
        }
        _ => {}
    }
}

fn epoch_seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or(Duration::ZERO).as_secs()).unwrap_or(i64::MAX)
}
