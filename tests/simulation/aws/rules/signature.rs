//! Whether AWS accepts the time of a signature.

use crate::aws::request::Refusal;

/// By how many seconds AWS lets the clocks differ, and so for how long a request that is late is
/// still executed.
const TOLERANCE: i64 = 300;

/// Refuses a signature that is too old or too new, both times in seconds since the Unix epoch.
pub fn check(signed_at: Option<i64>, now: i64) -> Result<(), Refusal> {
    let what = match signed_at.map(|signed_at| signed_at - now) {
        Some(late) if late < -TOLERANCE => "Signature expired",
        Some(early) if early > TOLERANCE => "Signature not yet current",
        _ => return Ok(()),
    };
    let message = format!("{what}: the clocks differ by more than 5 min.");
    Err(Refusal::new("InvalidSignatureException", message))
}
