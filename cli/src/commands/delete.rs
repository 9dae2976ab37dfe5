//! `delete`: one record, or all.

use futures::{StreamExt, stream};
use serde_json::json;
use zoho_token_store::{SecretsManagerTokenStore, TokenStore};

use super::select;
use crate::args::DeleteArgs;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::{Output, note};
use crate::text::counted;

/// Deletions at the same time. The store keeps them to AWS's quota.
const AT_ONCE: usize = 8;

pub async fn one(
    store: SecretsManagerTokenStore,
    output: Output,
    args: DeleteArgs,
) -> Result<(), Failure> {
    let record = args.record.unwrap_or_default();
    let token = select::find_only(&store, &record, args.client_id.as_deref()).await?;
    let id = token.id().unwrap_or_default();
    let user = token.user_name().unwrap_or("no user");
    let client = token.client_id().unwrap_or("no client");
    let question = format!("Delete the record {id} ({user}, {client})?");
    select::confirm(&question, args.yes).await?;
    store.delete_token(id).await?;
    match output.json {
        true => output.json(&json!({"id": id, "deleted": true})),
        false => output.line(&format!("deleted\t{id}")),
    }
}

pub async fn all(
    store: SecretsManagerTokenStore,
    output: Output,
    yes: bool,
) -> Result<(), Failure> {
    // The whole list first: a deletion while the list is read would shift its pages.
    let progress = Progress::new("records read", None);
    let (mut ids, mut failed) = (Vec::new(), 0_usize);
    let mut tokens = store.tokens();
    while let Some(token) = tokens.next().await {
        progress.add(1);
        match token {
            Ok(token) => ids.extend(token.id().map(str::to_owned)),
            Err(error) => {
                failed += 1;
                progress.suspend(|| note(&format!("zoho-tokens: {error}")));
            }
        }
    }
    drop(progress);
    if !ids.is_empty() {
        let question = format!("Delete {} of {store:?}?", counted(ids.len(), "record"));
        select::confirm(&question, yes).await?;
    }
    let progress = Progress::new("records deleted", Some(ids.len() as u64));
    let store = &store;
    let deletions = stream::iter(ids).map(async |id| store.delete_token(&id).await);
    let mut deletions = std::pin::pin!(deletions.buffer_unordered(AT_ONCE));
    let mut deleted = 0_usize;
    while let Some(ended) = deletions.next().await {
        progress.add(1);
        match ended {
            Ok(()) => deleted += 1,
            Err(error) => {
                failed += 1;
                progress.suspend(|| note(&format!("zoho-tokens: {error}")));
            }
        }
    }
    drop(progress);
    let printed = match output.json {
        true => output.json(&json!({"deleted": deleted, "failed": failed})),
        false => output.line(&format!("deleted\t{deleted}\nfailed\t{failed}")),
    };
    Failure::ended(failed > 0, printed)
}
