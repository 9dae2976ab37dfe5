//! Whether AWS accepts the time of a signature.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::Refusal;

/// How far AWS lets the clocks differ, in seconds, and therefore how long it executes a request that
/// is late.
const TOLERANCE: i64 = 300;

/// Refuses a signature that is too old or too new. Both times are in seconds since the Unix epoch, by
/// the client's and by AWS's clock; a request without a time is accepted.
pub fn check(signed_at: Option<i64>, now: i64) -> Result<(), Refusal> {
    let Some(signed_at) = signed_at else {
        return Ok(());
    };
    let (what, relation, bound, sign) = match signed_at - now {
        late if late < -TOLERANCE => ("Signature expired", "earlier", now - TOLERANCE, '-'),
        early if early > TOLERANCE => ("Signature not yet current", "later", now + TOLERANCE, '+'),
        _ => return Ok(()),
    };
    let [signed, bound, now] = [signed_at, bound, now].map(basic);
    let message = format!("{what}: {signed} is now {relation} than {bound} ({now} {sign} 5 min.)");
    Err(Refusal::new("InvalidSignatureException", message))
}

/// Parses a date such as `20261122T063834Z` into seconds since the Unix epoch.
pub fn seconds_of(basic: &str) -> Option<i64> {
    let part = |range| basic.get(range);
    let extended = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(9..11)?,
        part(11..13)?,
        part(13..15)?
    );
    let parsed = DateTime::from_str(&extended, Format::DateTime).ok()?;
    Some(parsed.secs())
}

fn basic(seconds: i64) -> String {
    let extended = DateTime::from_secs(seconds).fmt(Format::DateTime);
    extended.unwrap_or_default().replace(['-', ':'], "")
}
