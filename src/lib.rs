//! OAuth tokens for Zoho's APIs in AWS Secrets Manager: the token store of Zoho's CRM SDKs, in Rust.
//!
//! * [`TokenStore`] is the interface, with its contract; [`OAuthToken`] is what it stores.
//! * [`SecretsManagerTokenStore`] keeps each token as a JSON secret in AWS Secrets Manager, for
//!   Lambda functions and containers that have no disk and run in many copies.
//! * [`MemoryTokenStore`] keeps tokens in memory, for tests.
//! * `TokenProvider` (feature `oauth`) logs users in, and returns valid access tokens from any store,
//!   refreshed once for all processes that share it.
//! * [`matching`] holds the rules of the contract as code, and the feature `conformance` the
//!   contract as a function, for stores of your own.
//!
//! ```no_run
//! use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let store = SecretsManagerTokenStore::from_env().await?;
//! let token = OAuthToken::builder().user_name("ada@example.com:7").refresh_token("1000.…").build()?;
//! let saved = store.save_token(&token).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//!
#![doc = include_str!("../docs/rustdoc/environment.md")]
//!
//! # What is guaranteed
//!
#![doc = include_str!("../docs/rustdoc/guarantees.md")]
//!
//! # Features
//!
//! On by default; the first three have the names that they have in `aws-config`:
//!
//! * `default-https-client` is the SDK's HTTPS client. Without it, give the builder a configuration
//!   or client that has one.
//! * `credentials-process` and `sso` are credentials that a program prints, and those of IAM
//!   Identity Center: for developers' profiles. Functions and containers on AWS need neither.
//! * `oauth` is `TokenProvider`.
//!
//! And one for tests: `conformance`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod coordination;
mod error;
mod memory;
mod secrets_manager;
mod store;
#[cfg(test)]
mod testing;
mod token;
mod wiped_json;

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod matching;
#[cfg(feature = "oauth")]
pub mod oauth;

pub use coordination::{RecordVersion, RefreshCoordination, Swap};
pub use error::{Error, ErrorKind};
pub use memory::MemoryTokenStore;
#[cfg(feature = "oauth")]
pub use oauth::{AccessToken, DataCenter, TokenProvider, TokenProviderBuilder};
pub use secrecy::{ExposeSecret, SecretString};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use secrets_manager::fuzzing;
pub use secrets_manager::{
    Check, DeletedRecord, Deletion, Description, Outcome, Report, SecretsManagerTokenStore,
    SecretsManagerTokenStoreBuilder, VersionDescription,
};
pub use store::TokenStore;
pub use token::{Field, OAuthToken, OAuthTokenBuilder};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Fails to compile if a public type cannot be shared between threads.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<OAuthToken>();
    is_send_and_sync::<OAuthTokenBuilder>();
    is_send_and_sync::<Error>();
    is_send_and_sync::<MemoryTokenStore>();
    is_send_and_sync::<Report>();
    is_send_and_sync::<SecretsManagerTokenStore>();
    is_send_and_sync::<SecretsManagerTokenStoreBuilder>();
    is_send_and_sync::<Box<dyn TokenStore>>();
    #[cfg(feature = "oauth")]
    is_send_and_sync::<TokenProvider>();
};
