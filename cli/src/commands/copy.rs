//! `copy`: all records of the store into another store.

use futures::StreamExt;
use tokio::sync::mpsc;
use zoho_token_store::SecretsManagerTokenStore;

use super::import::save_all;
use crate::args::{CopyArgs, StoreArgs};
use crate::failure::Failure;
use crate::interrupt::unless_pressed;
use crate::output::Output;
use crate::settings;
use crate::transfer::row::Row;
use crate::transfer::save::Rules;

/// How many records wait.
const QUEUE: usize = 64;

pub async fn copy(
    store: SecretsManagerTokenStore,
    output: Output,
    from: &StoreArgs,
    args: CopyArgs,
) -> Result<(), Failure> {
    if args.to_prefix.is_none() && args.to_region.is_none() && args.to_profile.is_none() {
        return Err(Failure::Usage(
            "which store to copy to? Give --to-prefix, --to-region or --to-profile".to_owned(),
        ));
    }
    let to = StoreArgs {
        prefix: args.to_prefix.or(from.prefix.clone()),
        region: args.to_region.or(from.region.clone()),
        profile: args.to_profile.or(from.profile.clone()),
        endpoint_url: from.endpoint_url.clone(),
    };
    let target = unless_pressed(settings::store(&to)).await?;
    let (sender, rows) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut tokens = store.tokens();
        while let Some(token) = tokens.next().await {
            let row = match token {
                Ok(token) => Row {
                    place: token.id().unwrap_or_default().to_owned(),
                    token: Ok(token),
                },
                Err(error) => Row {
                    place: error.secret_name().unwrap_or("-").to_owned(),
                    token: Err(error.to_string()),
                },
            };
            if sender.send(Ok(row)).await.is_err() {
                return;
            }
        }
    });
    let rules = Rules {
        ids: args.ids,
        overwrite: args.overwrite,
        dry_run: args.dry_run,
    };
    save_all(&target, output, rows, rules).await
}
