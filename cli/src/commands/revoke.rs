//! `revoke`: ends the tokens at Zoho, and deletes the record.

use serde_json::json;
use zoho_token_store::SecretsManagerTokenStore;

use super::select;
use crate::args::RevokeArgs;
use crate::failure::Failure;
use crate::interrupt::{finishing, unless_pressed};
use crate::oauth::provider;
use crate::output::Output;

pub async fn revoke(
    store: SecretsManagerTokenStore,
    output: Output,
    args: RevokeArgs,
) -> Result<(), Failure> {
    let found = unless_pressed(async {
        let client_id = args.record.client_id.as_deref();
        let found = select::find_only(&store, &args.record.record, client_id).await?;
        let id = found.id().unwrap_or_default();
        let user = found.user_name().unwrap_or("no user");
        let question =
            format!("Revoke the tokens of {id} ({user}) at Zoho, and delete the record?");
        select::confirm(&question, args.yes).await?;
        Ok(found)
    })
    .await?;
    let id = found.id().unwrap_or_default();
    let provider = provider(store, &args.zoho)?;
    let partial = select::by_id(&found)?;
    // Between the revocation and the deletion, the record would have tokens that nobody can use or revoke.
    if !finishing(async { Ok(provider.revoke(&partial).await?) }).await? {
        return Err(select::missing(&args.record.record));
    }
    match output.json {
        true => output.json(&json!({"id": id, "revoked": true})),
        false => output.line(&format!("revoked\t{id}")),
    }
}
