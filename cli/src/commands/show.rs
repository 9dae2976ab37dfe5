//! `show`: everything about one record.

use std::fmt::Write;
use std::time::SystemTime;

use anstyle::Style;
use serde_json::{Value, json};
use zoho_token_store::oauth::TokenStatus;
use zoho_token_store::{
    Description, Field, OAuthToken, SecretsManagerTokenStore, TokenProvider, VersionDescription,
};

use super::select;
use crate::args::Selector;
use crate::failure::Failure;
use crate::oauth::standing;
use crate::output::Output;
use crate::output::record::{self, State, is_secret};
use crate::text::{from_now, printable};

const HEADING: Style = Style::new().bold();

pub async fn show(
    store: SecretsManagerTokenStore,
    output: Output,
    record: &Selector,
) -> Result<(), Failure> {
    let found = select::find(&store, &record.record, record.client_id.as_deref()).await;
    let mut status = None;
    let (token, description) = match found {
        Ok(token) => {
            let id = token.id().unwrap_or_default();
            let description = store.describe(id).await?;
            let provider = TokenProvider::builder(store.clone()).build()?;
            status = provider.status(&select::by_id(&token)?).await?;
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
        return output.json(&object);
    }
    let mut text = String::new();
    if let Some(token) = &token {
        columns(&mut text, token, status.as_ref(), output.show_secrets);
    }
    if let Some(description) = &description {
        secret(&mut text, description);
    }
    output.print(&text)
}

/// A heading with lines of names and values.
fn section(text: &mut String, heading: &str, lines: &[(String, String)]) {
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

fn columns(
    text: &mut String,
    token: &OAuthToken,
    status: Option<&TokenStatus>,
    show_secrets: bool,
) {
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
    let state = status.map_or(State::of(token).name().to_owned(), standing::text);
    lines.push(("state".to_owned(), state));
    section(text, "Record", &lines);
}

fn secret(text: &mut String, description: &Description) {
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
    section(text, "Secret", &lines);
    let version = |version: &VersionDescription| {
        let time = version.created_at.map_or("-".to_owned(), record::time);
        (
            version.id.clone(),
            format!("{time}  {}", version.labels.join(", ")),
        )
    };
    let versions: Vec<_> = description.versions.iter().map(version).collect();
    section(text, "Versions", &versions);
    section(text, "Tags", &description.tags);
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
