//! `list`: all records, or those that match; and deleted ones.

use std::time::SystemTime;

use futures::StreamExt;
use serde_json::{Value, json};
use zoho_token_store::oauth::TokenStatus;
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenProvider};

use super::select::by_id;
use crate::args::ListArgs;
use crate::failure::Failure;
use crate::oauth::standing;
use crate::output::progress::Progress;
use crate::output::record::{self, State};
use crate::output::rows::{Mood, Row, Rows};
use crate::output::{Output, note};
use crate::text::from_now;

const HEADER: &[&str] = &["ID", "USER", "CLIENT", "EXPIRES IN", "TOKENS", "STATE"];

/// Records whose state is read at the same time.
const AT_ONCE: usize = 16;

pub async fn list(
    store: SecretsManagerTokenStore,
    output: Output,
    args: &ListArgs,
) -> Result<(), Failure> {
    let progress = Progress::new("records read", None);
    let mut rows = Rows::new(output, HEADER, 5);
    let provider = TokenProvider::builder(store.clone()).build()?;
    let read = store.tokens().map(async |token| {
        let token = token?;
        if !is_asked_for(&token, args) {
            return Ok(None);
        }
        let status = match args.failing {
            true => provider.status(&by_id(&token)?).await?,
            false => None,
        };
        let is_shown = !args.failing || status.as_ref().is_some_and(standing::is_failing);
        Ok(is_shown.then_some((token, status)))
    });
    let mut read = std::pin::pin!(read.buffer_unordered(AT_ONCE));
    let mut failed = false;
    while let Some(read) = read.next().await {
        progress.add(1);
        match read {
            Ok(Some((token, status))) => {
                let row = row(&token, status.as_ref(), output.show_secrets);
                let printed = progress.suspend(|| rows.push(row));
                if printed.is_err() {
                    return Failure::ended(failed, printed);
                }
            }
            Ok(None) => {}
            // One secret that cannot be read does not hide the others.
            Err(error) => {
                failed = true;
                let error: Error = error;
                progress.suspend(|| note(&format!("zoho-tokens: {error}")));
            }
        }
    }
    drop(progress);
    Failure::ended(failed, rows.finish())
}

fn is_asked_for(token: &OAuthToken, args: &ListArgs) -> bool {
    let user = token.user_name().unwrap_or_default();
    args.user.as_ref().is_none_or(|glob| matches(glob, user))
        && (!args.expired || State::of(token) != State::Valid)
}

fn row(token: &OAuthToken, status: Option<&TokenStatus>, show_secrets: bool) -> Row {
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    let expires = token.expires_at();
    let state = State::of(token);
    let shown = status.map_or(state.name().to_owned(), standing::text);
    let mut json = record::json(token, show_secrets);
    if let Some(status) = status {
        json.insert("zoho".to_owned(), standing::json(status));
    }
    Row {
        cells: vec![
            text(token.id()),
            text(token.user_name()),
            text(token.client_id()),
            expires.map_or("-".to_owned(), |time| from_now(time, SystemTime::now())),
            record::tokens(token),
            shown,
        ],
        mood: match status {
            Some(status) if standing::is_failing(status) => Mood::Bad,
            _ => state.mood(),
        },
        json: Value::Object(json),
    }
}

/// Whether a text matches a pattern, in which `*` is any text and `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and up to where it matches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, end)) => {
                    star = Some((at, end + 1));
                    p = at + 1;
                    t = end + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Lists deleted records whose secrets still exist.
pub async fn deleted(store: SecretsManagerTokenStore, output: Output) -> Result<(), Failure> {
    let mut rows = Rows::new(output, &["ID", "DELETED AT"], 1);
    let mut deleted = store.deleted();
    while let Some(record) = deleted.next().await {
        let record = record?;
        let time = record::time(record.deleted_at);
        rows.push(Row {
            cells: vec![record.id.clone(), time.clone()],
            mood: Mood::Plain,
            json: json!({"id": record.id, "deleted_at": time}),
        })?;
    }
    rows.finish()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_whole_users() {
        for (pattern, text) in [
            ("*", ""),
            ("*@example.com:*", "ada@example.com:7"),
            ("ada?example*", "ada@example.com"),
            ("a*b*c", "aXbXbc"),
            ("ada", "ada"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("ada", "ada@x"),
            ("?", ""),
            ("a*b", "abc"),
            ("", "a"),
            ("[a]", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
