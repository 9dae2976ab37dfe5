//! `access-token`: the one command that prints a token.

use serde_json::json;
use zoho_token_store::{ExposeSecret, SecretsManagerTokenStore};

use super::select;
use crate::args::AccessTokenArgs;
use crate::failure::Failure;
use crate::oauth::provider;
use crate::oauth::unsaved::until_saved;
use crate::output::{Output, note, record};

pub async fn access_token(
    store: SecretsManagerTokenStore,
    output: Output,
    args: AccessTokenArgs,
) -> Result<(), Failure> {
    let client_id = args.record.client_id.as_deref();
    let found = select::find(&store, &args.record.record, client_id).await?;
    let provider = provider(store, &args.zoho)?;
    let partial = select::by_id(&found)?;
    let access = until_saved(async || provider.access_token(&partial).await).await?;
    if !access.is_saved() {
        note("zoho-tokens: the new access token could not be saved: others will refresh once more");
    }
    let value = access.value().expose_secret();
    if output.json {
        return output.json(&json!({
            "access_token": value,
            "authorization": format!("Zoho-oauthtoken {value}"),
            "api_domain": access.api_domain(),
            "expires_at": access.expires_at().map(record::time),
        }));
    }
    match args.header {
        true => output.line(&format!("Authorization: Zoho-oauthtoken {value}")),
        false => output.line(value),
    }
}
