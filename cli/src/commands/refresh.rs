//! `refresh`: a new access token for one record, or for all that expire soon.

use std::time::SystemTime;

use serde_json::json;
use zoho_token_store::SecretsManagerTokenStore;
use zoho_token_store::oauth::Sweep;

use super::select;
use crate::args::RefreshArgs;
use crate::failure::Failure;
use crate::interrupt::finishing;
use crate::oauth::provider;
use crate::oauth::sweep::sweep;
use crate::oauth::unsaved::until_saved;
use crate::output::{Output, note, record};
use crate::text::from_now;

pub async fn refresh(
    store: SecretsManagerTokenStore,
    output: Output,
    args: RefreshArgs,
) -> Result<(), Failure> {
    match args.expiring {
        Some(within) => expiring(output, &sweep(store, &args.zoho, within).await?),
        None => finishing(one(store, output, args)).await,
    }
}

async fn one(
    store: SecretsManagerTokenStore,
    output: Output,
    args: RefreshArgs,
) -> Result<(), Failure> {
    let name = args.record.unwrap_or_default();
    let found = select::find(&store, &name, args.client_id.as_deref()).await?;
    let provider = provider(store, &args.zoho)?;
    let partial = select::by_id(&found)?;
    let access = until_saved(async || provider.refresh(&partial).await).await?;
    let id = access.record().id().unwrap_or_default();
    let expires = access.expires_at();
    if output.json {
        let expires = expires.map(record::time);
        return output.json(&json!({"id": id, "expires_at": expires, "saved": access.is_saved()}));
    }
    let left = expires.map_or("-".to_owned(), |time| from_now(time, SystemTime::now()));
    output.line(&format!("refreshed\t{id}\t{left}"))
}

fn expiring(output: Output, sweep: &Sweep) -> Result<(), Failure> {
    for (id, error) in &sweep.failed {
        note(&format!("zoho-tokens: {id}: {error}"));
    }
    if let Some(error) = &sweep.unreadable {
        note(&format!("zoho-tokens: {error}"));
    }
    let counts = [
        ("records", sweep.records),
        ("expiring", sweep.expiring),
        ("refreshed", sweep.refreshed),
        ("failed", sweep.failed.len()),
    ];
    if output.json {
        let counts = counts
            .iter()
            .map(|(name, number)| ((*name).to_owned(), json!(number)));
        output.json(&serde_json::Value::Object(counts.collect()))?;
    } else {
        for (name, number) in counts {
            output.line(&format!("{name}\t{number}"))?;
        }
    }
    match sweep.failed.is_empty() && sweep.unreadable.is_none() {
        true => Ok(()),
        false => Err(Failure::Reported),
    }
}
