//! `show`: everything about one record.

use std::fmt::Write;
use std::time::SystemTime;

use anstyle::Style;
use serde_json::{Value, json};
use zoho_token_store::oauth::{TokenState, TokenStatus};
use zoho_token_store::{
    Description, ErrorKind, Field, OAuthToken, SecretsManagerTokenStore, TokenProvider, TokenStore,
    VersionDescription,
};

use super::select;
use crate::args::Selector;
use crate::failure::Failure;
use crate::oauth::standing;
use crate::output::record::{self, State, is_secret};
use crate::output::{Output, note};
use crate::text::{from_now, printable};

const HEADING: Style = Style::new().bold();

pub async fn show(
    store: SecretsManagerTokenStore,
    output: Output,
    record: &Selector,
) -> Result<(), Failure> {
    let found = select::find(&store, &record.record, record.client_id.as_deref()).await;
    let (mut status, mut since) = (None, None);
    let (token, description) = match found {
        Ok(token) => {
            let id = token.id().unwrap_or_default();
            let provider = TokenProvider::builder(store.clone()).build()?;
            status = provider.status(&select::by_id(&token)?).await?;
            since = match &status {
                Some(status) => leased_since(&store, status).await?,
                None => None,
            };
            let description = match store.describe(id).await {
                // The record can be read without it.
                Err(error) if error.kind() == ErrorKind::AccessDenied => {
                    note(&format!("zoho-tokens: the secret is not shown: {error}"));
                    None
                }
                description => description?,
            };
            (Some(token), description)
        }
        // A deleted record can be described by its id.
        Err(Failure::NotFound(line)) => match store.describe(&record.record).await? {
            Some(description) => (None, Some(description)),
            None => return Err(Failure::NotFound(line)),
        },
        Err(failure) => return Err(failure),
    };
    if output.json {
        let mut object = object(token.as_ref(), description.as_ref(), output);
        object["zoho"] = status.as_ref().map_or(Value::Null, standing::json);
        if let Some(since) = since {
            object["zoho"]["since"] = json!(record::time(since));
        }
        return output.json(&object);
    }
    let state = match (&status, &token) {
        (Some(status), _) => standing::text(status),
        (None, Some(token)) => State::of(token).name().to_owned(),
        (None, None) => String::new(),
    };
    let state = match since {
        Some(since) => format!("{state} (since {})", record::time(since)),
        None => state,
    };
    let mut page = Page {
        text: String::new(),
        is_terminal: output.is_terminal,
    };
    if let Some(token) = &token {
        columns(&mut page, token, state, output.show_secrets);
    }
    if let Some(description) = &description {
        secret(&mut page, description);
    }
    output.print(&page.text)
}

/// Since when a process has refreshed or exchanged the token, if one does: then the lease was put.
async fn leased_since(
    store: &SecretsManagerTokenStore,
    status: &TokenStatus,
) -> Result<Option<SystemTime>, Failure> {
    let is_leased = matches!(
        status.state,
        TokenState::Refreshing | TokenState::Exchanging
    );
    let Some(coordination) = store.coordination().filter(|_| is_leased) else {
        return Ok(None);
    };
    let version = coordination.read(&status.id).await?;
    Ok(version.and_then(|version| version.written_at()))
}

/// What is printed: sections with aligned lines on a terminal; otherwise rows of section, name and value.
struct Page {
    text: String,
    is_terminal: bool,
}

impl Page {
    fn section(&mut self, heading: &str, lines: &[(String, String)]) {
        let text = &mut self.text;
        if !self.is_terminal {
            for (name, value) in lines {
                let heading = heading.to_lowercase();
                let _ = writeln!(text, "{heading}\t{}\t{}", printable(name), printable(value));
            }
            return;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{HEADING}{heading}{HEADING:#}");
        let width = lines.iter().map(|(name, _)| name.len()).max();
        let width = width.unwrap_or_default();
        for (name, value) in lines {
            let _ = writeln!(text, "  {:width$}  {}", printable(name), printable(value));
        }
    }
}

fn columns(page: &mut Page, token: &OAuthToken, state: String, show_secrets: bool) {
    let mut lines = Vec::new();
    for &field in Field::ALL {
        let Some(value) = token.expose(field) else {
            continue;
        };
        let value = match field {
            Field::ExpiryTime => match token.expires_at() {
                Some(time) => format!(
                    "{} ({})",
                    record::time(time),
                    from_now(time, SystemTime::now())
                ),
                None => value.to_owned(),
            },
            field if is_secret(field) && !show_secrets => "(not shown)".to_owned(),
            _ => value.to_owned(),
        };
        lines.push((field.as_str().to_owned(), value));
    }
    if let Some(url) = token.accounts_url() {
        lines.push(("accounts_url".to_owned(), url.to_owned()));
    }
    lines.push(("state".to_owned(), state));
    page.section("Record", &lines);
}

fn secret(page: &mut Page, description: &Description) {
    let mut lines = vec![
        ("name".to_owned(), description.secret_name.clone()),
        ("arn".to_owned(), description.arn.clone()),
        (
            "kms_key".to_owned(),
            description
                .kms_key_id
                .clone()
                .unwrap_or("aws/secretsmanager".to_owned()),
        ),
    ];
    for (name, time) in [
        ("created_at", description.created_at),
        ("changed_at", description.changed_at),
        ("deleted_at", description.deleted_at),
    ] {
        if let Some(time) = time {
            lines.push((name.to_owned(), record::time(time)));
        }
    }
    if description.is_tombstone {
        let meaning = "the record was deleted: `zoho-tokens undelete` brings it back";
        lines.push(("tombstone".to_owned(), meaning.to_owned()));
    }
    for region in &description.replica_regions {
        lines.push(("replica".to_owned(), region.clone()));
    }
    page.section("Secret", &lines);
    let version = |version: &VersionDescription| {
        let time = version.created_at.map_or("-".to_owned(), record::time);
        (
            version.id.clone(),
            format!("{time}  {}", version.labels.join(", ")),
        )
    };
    let versions: Vec<_> = description.versions.iter().map(version).collect();
    page.section("Versions", &versions);
    page.section("Tags", &description.tags);
}

fn object(token: Option<&OAuthToken>, description: Option<&Description>, output: Output) -> Value {
    let record = token.map(|token| Value::Object(record::json(token, output.show_secrets)));
    let secret = description.map(|description| {
        let time = |time: Option<SystemTime>| time.map(record::time);
        let versions = description.versions.iter().map(|version| {
            json!({
                "id": version.id,
                "created_at": time(version.created_at),
                "labels": version.labels,
            })
        });
        let tags = description.tags.iter();
        let tags = tags.map(|(key, value)| (key.clone(), json!(value)));
        json!({
            "id": description.id,
            "name": description.secret_name,
            "arn": description.arn,
            "kms_key_id": description.kms_key_id,
            "created_at": time(description.created_at),
            "changed_at": time(description.changed_at),
            "deleted_at": time(description.deleted_at),
            "is_tombstone": description.is_tombstone,
            "replica_regions": description.replica_regions,
            "versions": versions.collect::<Vec<_>>(),
            "tags": Value::Object(tags.collect()),
        })
    });
    json!({"record": record, "secret": secret})
}
