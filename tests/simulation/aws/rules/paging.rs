//! Lists in pages, some of them empty though others follow.

use fastrand::Rng;
use serde_json::Value;

use crate::aws::request::Refusal;

/// What a page's token begins with; the rest is the name after which the page begins.
const TOKEN: &str = "after:";

/// The page of a list that a request asks for, of at most `most` entries.
///
/// A page begins after a name, so that nothing is missed when the list changes in between. With a
/// generator, pages are at times smaller than they could be, or empty.
pub fn page(
    listed: Vec<(String, Value)>,
    body: &Value,
    most: usize,
    chance: Option<&mut Rng>,
) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let after = match body.get("NextToken").and_then(Value::as_str) {
        None => "",
        Some(token) => token
            .strip_prefix(TOKEN)
            .ok_or_else(|| Refusal::new("InvalidNextTokenException", "Invalid Next Token"))?,
    };
    let asked = body["MaxResults"]
        .as_u64()
        .and_then(|asked| usize::try_from(asked).ok());
    let most = asked.map_or(most, |asked| asked.min(most));
    let size = chance.map_or(most, |random| match random.u8(..8) {
        0 => 0,
        1 => random.usize(1..=most.max(1)).min(3),
        _ => most,
    });
    let mut rest = listed.into_iter().filter(|(name, _)| name.as_str() > after);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    // An empty page has a token even when nothing follows: AWS has not looked yet.
    let next = (size == 0 || rest.next().is_some())
        .then(|| page.last().map_or(after, |(name, _)| name.as_str()))
        .map(|last| format!("{TOKEN}{last}"));
    Ok((page.into_iter().map(|(_, entry)| entry).collect(), next))
}
