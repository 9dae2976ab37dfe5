//! Checks a caller's signature: its credentials and its clock.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use crate::support::http::{Request, Response};

/// How far AWS lets the clocks differ, in seconds.
const TOLERANCE: i64 = 300;

pub fn expired() -> Response {
    let message = "The security token included in the request is expired";
    Response::refusal(400, "ExpiredTokenException", message)
}

/// Refuses a signature that is too old or too new for AWS's clock, which is `ahead` seconds ahead.
pub fn check_date(request: &Request, ahead: i64) -> Result<(), Response> {
    let signed = request.header("x-amz-date");
    let here = epoch_seconds();
    let Some(signed_at) = seconds_of(signed) else {
        return Ok(());
    };
    let there = here + ahead;
    let (bound, what) = match signed_at - there {
        late if late < -TOLERANCE => (there - TOLERANCE, "Signature expired"),
        early if early > TOLERANCE => (there + TOLERANCE, "Signature not yet current"),
        _ => return Ok(()),
    };
    let (relation, sign) = match what {
        "Signature expired" => ("earlier", '-'),
        _ => ("later", '+'),
    };
    let [bound, there] = [bound, there].map(basic);
    let message =
        format!("{what}: {signed} is now {relation} than {bound} ({there} {sign} 5 min.)");
    Err(Response::refusal(
        400,
        "InvalidSignatureException",
        &message,
    ))
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

/// Parses a date such as `20261122T063834Z` into seconds since 1970.
fn seconds_of(basic: &str) -> Option<i64> {
    let part = |range| basic.get(range);
    let (date, time) = (part(0..8)?, part(9..15)?);
    let extended = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    let parsed = DateTime::from_str(&extended, Format::DateTime).ok()?;
    Some(parsed.secs())
}

fn basic(seconds: i64) -> String {
    let extended = DateTime::from_secs(seconds).fmt(Format::DateTime);
    extended.unwrap_or_default().replace(['-', ':'], "")
}
