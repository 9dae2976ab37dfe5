//! `reindex`: gives every record the tags by which it is found.

use serde_json::json;
use zoho_token_store::SecretsManagerTokenStore;

use crate::failure::Failure;
use crate::output::Output;
use crate::output::progress::Progress;

pub async fn reindex(store: SecretsManagerTokenStore, output: Output) -> Result<(), Failure> {
    let corrected = {
        let _progress = Progress::uncounted("correcting tags");
        store.reindex().await?
    };
    match output.json {
        true => output.json(&json!({"corrected": corrected})),
        false => output.line(&format!("corrected\t{corrected}")),
    }
}
