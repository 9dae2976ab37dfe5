//! `access-token`: the one command that prints a token.

use serde_json::json;
use zoho_token_store::{ExposeSecret, SecretsManagerTokenStore};

use super::select;
use crate::args::AccessTokenArgs;
use crate::failure::Failure;
use crate::interrupt::{finishing, unless_pressed};
use crate::oauth::provider;
use crate::oauth::unsaved::{self, BRIEFLY, settle, until_saved};
use crate::output::{Output, note, record};

pub async fn access_token(
    store: SecretsManagerTokenStore,
    output: Output,
    args: AccessTokenArgs,
) -> Result<(), Failure> {
    let client_id = args.record.client_id.as_deref();
    let find = select::find(&store, &args.record.record, client_id);
    let found = unless_pressed(find).await?;
    let provider = provider(store, &args.zoho)?;
    let partial = select::by_id(&found)?;
    let obtain = async {
        let access = until_saved(&provider, async || provider.access_token(&partial).await).await;
        let access = access.map_err(|error| unsaved::report(output, error))?;
        // Whoever waits for the token can use it meanwhile.
        if !access.is_saved() && !settle(&provider, &BRIEFLY).await.is_empty() {
            note(
                "zoho-tokens: the new access token could not be saved: others will refresh once more",
            );
        }
        Ok(access)
    };
    let access = finishing(obtain).await?;
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
