//! `refresh`: a new access token for one record, or for all that expire soon.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use serde_json::json;
use zoho_token_store::{Error, SecretsManagerTokenStore};

use super::select;
use crate::advice;
use crate::args::RefreshArgs;
use crate::failure::Failure;
use crate::interrupt::{finishing, unless_pressed};
use crate::oauth::provider;
use crate::oauth::sweep::{Swept, id, sweep};
use crate::oauth::unsaved::{self, PAUSES, cause, settle};
use crate::output::progress::Progress;
use crate::output::{Output, note, record};
use crate::text::{counted, from_now};

pub async fn refresh(
    store: SecretsManagerTokenStore,
    output: Output,
    args: RefreshArgs,
) -> Result<(), Failure> {
    let Some(within) = args.expiring else {
        return one(store, output, args).await;
    };
    unless_pressed(ask(&store, within, args.yes)).await?;
    expiring(output, sweep(store, &args.zoho, within).await?)
}

async fn one(
    store: SecretsManagerTokenStore,
    output: Output,
    args: RefreshArgs,
) -> Result<(), Failure> {
    let name = args.record.unwrap_or_default();
    let find = select::find(&store, &name, args.client_id.as_deref());
    let found = unless_pressed(find).await?;
    let provider = provider(store, &args.zoho)?;
    let partial = select::by_id(&found)?;
    let refresh = async {
        let refreshed = provider.refresh(&partial).await;
        let unsaved = match &refreshed {
            Ok(access) if access.is_saved() => Vec::new(),
            Err(error) if error.unsaved_token().is_none() => Vec::new(),
            _ => settle(&provider, &PAUSES).await,
        };
        let access = match refreshed {
            Ok(access) => access,
            Err(error) if error.unsaved_token().is_some() && unsaved.is_empty() => {
                provider.access_token(&partial).await?
            }
            Err(error) => return Err(unsaved::report(output, error)),
        };
        Ok((access, unsaved))
    };
    let (access, unsaved) = finishing(refresh).await?;
    let id = access.record().id().unwrap_or_default();
    let expires = access.expires_at();
    let printed = match (output.json, unsaved.is_empty()) {
        (true, is_saved) => {
            let expires = expires.map(record::time);
            output.json(&json!({"id": id, "expires_at": expires, "saved": is_saved}))
        }
        (false, true) => {
            let left = expires.map_or("-".to_owned(), |time| from_now(time, SystemTime::now()));
            output.line(&format!("refreshed\t{id}\t{left}"))
        }
        (false, false) => Ok(()),
    };
    for error in &unsaved {
        note(&format!("zoho-tokens: {}", not_saved(error)));
    }
    Failure::ended(!unsaved.is_empty(), printed)
}

/// What to say of an access token that was not saved in the end.
fn not_saved(error: &Error) -> String {
    format!(
        "the new access token could not be saved: {}: the record has the former one; refresh it again \
         once the store works",
        cause(error)
    )
}

/// Asks a person whether as many tokens are to be refreshed. A scheduler is not asked: a refresh takes
/// nothing away.
async fn ask(store: &SecretsManagerTokenStore, within: Duration, yes: bool) -> Result<(), Failure> {
    if yes || !select::can_ask() {
        return Ok(());
    }
    let progress = Progress::new("records read", None);
    let mut expiring = 0;
    let mut tokens = store.tokens();
    while let Some(token) = tokens.next().await {
        progress.add(1);
        // One that cannot be read is reported by the refresh.
        let Ok(token) = token else { continue };
        let is_due = token.access_token().is_none() || token.expires_within(within);
        expiring += usize::from(is_due && token.refresh_token().is_some());
    }
    drop(progress);
    match expiring {
        0 => Ok(()),
        _ => select::confirm(&format!("Refresh {}?", counted(expiring, "token")), false).await,
    }
}

fn expiring(output: Output, swept: Swept) -> Result<(), Failure> {
    let Swept { sweep, unsaved } = swept;
    let is_unsaved = |record: &str| unsaved.iter().any(|error| id(error) == record);
    let (mut refreshed, mut problems) = (sweep.refreshed, Vec::new());
    let mut with_refresh_token = HashSet::new();
    for (record, error) in sweep.failed {
        if error.unsaved_token().is_none() {
            problems.push((record, advice::text(&error)));
            continue;
        }
        match is_unsaved(&record) {
            true => problems.push((record.clone(), unsaved::lost(output, &error))),
            false => refreshed += 1,
        }
        with_refresh_token.insert(record);
    }
    for error in &unsaved {
        let record = id(error);
        if !with_refresh_token.contains(record) {
            refreshed = refreshed.saturating_sub(1);
            problems.push((record.to_owned(), not_saved(error)));
        }
    }
    for (record, problem) in &problems {
        note(&format!("zoho-tokens: {record}: {problem}"));
    }
    if let Some(error) = &sweep.unreadable {
        note(&format!("zoho-tokens: {}", advice::text(error)));
    }
    let counts = [
        ("records", sweep.records),
        ("expiring", sweep.expiring),
        ("refreshed", refreshed),
        ("failed", problems.len()),
    ];
    let printed = match output.json {
        true => {
            let mut object = json!({"incomplete": sweep.unreadable.is_some()});
            for (name, number) in counts {
                object[name] = json!(number);
            }
            output.json(&object)
        }
        false => {
            let lines = counts.map(|(name, number)| format!("{name}\t{number}\n"));
            output.print(&lines.concat())
        }
    };
    Failure::ended(!problems.is_empty() || sweep.unreadable.is_some(), printed)
}
