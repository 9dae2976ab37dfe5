//! `undelete`: brings a deleted record back.

use serde_json::Value;
use zoho_token_store::SecretsManagerTokenStore;

use super::select;
use crate::failure::Failure;
use crate::output::{Output, record};

pub async fn undelete(
    store: SecretsManagerTokenStore,
    output: Output,
    id: &str,
    yes: bool,
) -> Result<(), Failure> {
    // It takes nothing away, so a program is not asked.
    if !yes && select::can_ask() {
        select::confirm(&format!("Bring the record {id} back?"), false).await?;
    }
    let Some(token) = store.undelete(id).await? else {
        return Err(Failure::NotFound(format!(
            "there is no secret with the id `{id}` any more: `zoho-tokens list --deleted` prints \
             those that can be brought back"
        )));
    };
    match output.json {
        true => output.json(&Value::Object(record::json(&token, output.show_secrets))),
        false => output.line(&format!("undeleted\t{}", token.id().unwrap_or_default())),
    }
}
