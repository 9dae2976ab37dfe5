//! The store that the command line and the environment describe.

use aws_config::{BehaviorVersion, Region};
use zoho_token_store::{SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder};

use crate::args::StoreArgs;
use crate::failure::Failure;

/// Returns the store: options first, then `ZOHO_TOKEN_STORE_…` and the standard AWS variables.
pub async fn store(args: &StoreArgs) -> Result<SecretsManagerTokenStore, Failure> {
    let mut builder = SecretsManagerTokenStoreBuilder::from_env()?;
    if let Some(prefix) = &args.prefix {
        builder = builder.prefix(prefix);
    }
    // Without these options, the library checks the environment better than the SDK does.
    if args.region.is_some() || args.profile.is_some() || args.endpoint_url.is_some() {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        if let Some(region) = &args.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &args.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &args.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        builder = builder.sdk_config(&loader.load().await);
    }
    Ok(builder.build().await?)
}
