//! The store that the command line and the environment describe.

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::profile::{self, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
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
        builder = builder.sdk_config(&config(args).await?);
    }
    Ok(builder.build().await?)
}

async fn config(args: &StoreArgs) -> Result<SdkConfig, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if let Some(region) = &args.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &args.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    match &args.profile {
        Some(profile) => {
            must_exist(profile, "--profile").await?;
            // The SDK takes keys of the environment before those of a profile, whoever has named it:
            // the command would run in another account.
            loader = loader
                .profile_name(profile)
                .credentials_provider(credentials(profile, args.region.as_deref()).await);
        }
        None => {
            let profile = std::env::var("AWS_PROFILE").unwrap_or_default();
            // Without any files, the profile `default` is an empty one.
            if !profile.is_empty() && profile != "default" {
                must_exist(&profile, "AWS_PROFILE").await?;
            }
        }
    }
    Ok(loader.load().await)
}

/// The credentials of this profile, and no others.
async fn credentials(profile: &str, region: Option<&str>) -> ProfileFileCredentialsProvider {
    let region = match region {
        Some(region) => Some(Region::new(region.to_owned())),
        None => {
            let chain = DefaultRegionChain::builder().profile_name(profile);
            chain.build().region().await
        }
    };
    // A profile with a role asks STS in this region.
    let config = ProviderConfig::without_region().with_region(region);
    ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile)
        .build()
}

/// Checks that there is such a profile. The SDK ignores one that does not exist.
async fn must_exist(name: &str, given_by: &str) -> Result<(), Failure> {
    let files = Default::default();
    let profiles = profile::load(&Default::default(), &Default::default(), &files, None).await;
    let profiles = profiles
        .map_err(|error| Failure::Other(format!("the AWS profiles cannot be read: {error}")))?;
    match profiles.get_profile(name) {
        Some(_) => Ok(()),
        None => Err(Failure::Other(format!(
            "there is no AWS profile `{name}`: give {given_by} one of ~/.aws/config or \
             ~/.aws/credentials"
        ))),
    }
}
