//! Zoho's servers, and logging in.

pub mod consent;
pub mod hidden;
pub mod redirect;
pub mod standing;
pub mod sweep;
pub mod unsaved;

use zoho_token_store::{DataCenter, SecretsManagerTokenStore, TokenProvider, TokenProviderBuilder};

use crate::args::ZohoArgs;
use crate::failure::Failure;

/// The data centre on the command line.
pub fn data_center(args: &ZohoArgs) -> Result<DataCenter, Failure> {
    match &args.accounts_url {
        Some(accounts) => {
            let api = args.api_url.as_ref().unwrap_or(accounts);
            Ok(DataCenter::custom(accounts, api)?)
        }
        None => Ok(args.data_center.clone()),
    }
}

pub fn builder(
    store: SecretsManagerTokenStore,
    args: &ZohoArgs,
) -> Result<TokenProviderBuilder, Failure> {
    Ok(TokenProvider::builder(store).data_center(data_center(args)?))
}

pub fn provider(
    store: SecretsManagerTokenStore,
    args: &ZohoArgs,
) -> Result<TokenProvider, Failure> {
    Ok(builder(store, args)?.build()?)
}
