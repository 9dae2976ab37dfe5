//! The parameters of BatchGetSecretValue.

use serde_json::Value;

use super::{Refusal, limits};

/// The most secrets that one call reads.
pub const MOST: usize = 20;

/// Refuses parameters that exclude each other, and too many secrets.
pub fn check(body: &Value) -> Result<(), Refusal> {
    let has = |member| body.get(member).is_some_and(|value| !value.is_null());
    match (has("SecretIdList"), has("Filters")) {
        (true, true) => Err(Refusal::invalid_parameter(
            "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
        )),
        (false, false) => Err(Refusal::invalid_parameter(
            "Either 'SecretIdList' or 'Filters' must be provided.",
        )),
        (true, false) if has("MaxResults") => Err(Refusal::invalid_parameter(
            "'MaxResults' can only be used with 'Filters', not with 'SecretIdList'.",
        )),
        _ => {
            let ids = body["SecretIdList"].as_array().map_or(0, Vec::len);
            limits::at_most("secretIdList", ids as u64, MOST as u64)
        }
    }
}
