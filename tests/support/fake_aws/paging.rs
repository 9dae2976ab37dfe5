//! Pages of lists, some of them empty although more follow.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::http::Response;

/// The prefix of a page token; the rest is the name after which the page begins.
const TOKEN: &str = "after:";

/// Returns the requested page of a list, with at most `most` entries, and the token of the next
/// page.
///
/// A page begins after a name, so that a change of the list in between skips nothing. With
/// `chance`, pages are at random shorter than possible, or empty.
pub fn page(
    listed: &BTreeMap<String, Value>,
    body: &Value,
    most: usize,
    chance: Option<Rng>,
) -> Result<(Vec<Value>, Option<String>), Response> {
    let after = match body.get("NextToken").and_then(Value::as_str) {
        None => "",
        Some(token) => token.strip_prefix(TOKEN).ok_or_else(|| {
            let message = "Invalid Next Token";
            Response::refusal(400, "InvalidNextTokenException", message)
        })?,
    };
    let asked = body["MaxResults"].as_u64().map(usize::try_from);
    let most = asked
        .and_then(Result::ok)
        .map_or(most, |asked| asked.min(most));
    let size = chance.map_or(most, |mut random| match random.u8(..4) {
        0 => 0,
        1 => random.usize(1..=most.max(1)).min(3),
        _ => most,
    });
    let mut rest = listed.iter().filter(|(name, _)| name.as_str() > after);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    // An empty page has a token even if no entry follows, because AWS has not looked yet.
    let next = (size == 0 || rest.next().is_some())
        .then(|| page.last().map_or(after, |(name, _)| name.as_str()))
        .map(|last| format!("{TOKEN}{last}"));
    Ok((
        page.into_iter().map(|(_, entry)| entry.clone()).collect(),
        next,
    ))
}

/// Returns the response with this page.
pub fn response(member: &str, entries: Vec<Value>, next: Option<String>) -> Response {
    let mut body = json!({member: entries});
    if let Some(next) = next {
        body["NextToken"] = json!(next);
    }
    Response::new(200, &body)
}
