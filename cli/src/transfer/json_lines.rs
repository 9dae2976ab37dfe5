//! JSON lines: one object a line, with the token's columns as strings.

use std::io::{self, BufRead, Read as _};

use serde_json::{Map, Value};
use tokio::sync::mpsc::Sender;
use zoho_token_store::{Field, OAuthToken};

use super::channel::{Read, send};
use super::row::{Row, RowBuilder, field};

/// The user's accounts server, which is not one of the ten columns.
const ACCOUNTS_URL: &str = "accounts_url";

/// No line is longer: a secret has room for 65,536 bytes, each of which an escape can make six of.
const LONGEST: u64 = 6 * 65_536;

/// Members that `list --json` adds to the columns.
const DERIVED: [&str; 4] = ["has", "expires_at", "state", "zoho"];

pub fn read(mut input: impl BufRead, sender: &Sender<Read>) -> Result<(), String> {
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        number += 1;
        let failed = |error: io::Error| format!("line {number}: {error}");
        let mut start = input.by_ref().take(LONGEST);
        if start.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        let place = format!("line {number}");
        if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
            input.skip_until(b'\n').map_err(failed)?;
            let token = Err("the line is longer than a secret can be".to_owned());
            if !send(sender, Some(Row { place, token })) {
                return Ok(());
            }
            continue;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = match columns(&line) {
            Ok(row) => row.build(place),
            Err(problem) => Some(Row {
                place,
                token: Err(problem),
            }),
        };
        if !send(sender, row) {
            return Ok(());
        }
    }
}

fn columns(line: &[u8]) -> Result<RowBuilder, String> {
    // The text of the error may contain a part of the line.
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|_| "the line is not a JSON object".to_owned())?;
    let mut row = RowBuilder::new();
    for (name, value) in &object {
        if DERIVED.contains(&name.as_str()) {
            continue;
        }
        if let (ACCOUNTS_URL, Value::String(url)) = (name.as_str(), value) {
            row.set_accounts_url(url);
            continue;
        }
        let field = field(name).ok_or("a member is not a column of a token")?;
        match value {
            Value::Null => {}
            Value::String(value) => row.set(field, value),
            Value::Number(number) if field == Field::ExpiryTime => {
                row.set(field, &number.to_string());
            }
            _ => return Err(format!("`{field}` is not a string")),
        }
    }
    Ok(row)
}

/// A token as such an object.
pub fn object(token: &OAuthToken) -> Value {
    let columns = Field::ALL.iter().filter_map(|&field| {
        let value = token.expose(field)?;
        Some((field.as_str().to_owned(), Value::from(value)))
    });
    let url = token.accounts_url();
    let url = url.map(|url| (ACCOUNTS_URL.to_owned(), Value::from(url)));
    Value::Object(columns.chain(url).collect())
}
