//! Pages of lists, some of them empty although more follow.

use fastrand::Rng;
use serde_json::Value;

use super::Refusal;

/// The prefix of a page token; the rest is the name after which the page begins.
const TOKEN: &str = "after:";

/// Returns the requested page of a list, with at most `most` entries, and the token of the next
/// page. The list is in the order of the names.
///
/// A page begins after a name, so that a change of the list in between skips nothing. With a random
/// generator, one page in eight is shorter than possible, and one in eight is empty, on average.
pub fn page(
    listed: impl IntoIterator<Item = (String, Value)>,
    body: &Value,
    most: usize,
    random: Option<&mut Rng>,
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
    let size = random.map_or(most, |random| match random.u8(..8) {
        0 => 0,
        1 => random.usize(1..=most.max(1)).min(3),
        _ => most,
    });
    let listed = listed.into_iter();
    let mut rest = listed.filter(|(name, _)| name.as_str() > after);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    // An empty page has a token even if no entry follows, because AWS has not looked yet.
    let next = (size == 0 || rest.next().is_some())
        .then(|| page.last().map_or(after, |(name, _)| name.as_str()))
        .map(|last| format!("{TOKEN}{last}"));
    Ok((page.into_iter().map(|(_, entry)| entry).collect(), next))
}
