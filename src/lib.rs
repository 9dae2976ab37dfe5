//! The token store of Zoho's CRM SDKs, in Rust, with each OAuth token kept as a JSON secret in AWS
//! Secrets Manager.
//!
//! * [`TokenStore`] is the interface, with its contract; [`OAuthToken`] what it stores.
//! * [`SecretsManagerTokenStore`] keeps tokens in AWS Secrets Manager, for Lambda functions and
//!   containers without a disk, many copies at once.
//! * [`MemoryTokenStore`] keeps them in memory, for tests.
//! * [`matching`] holds the rules of the contract, and the feature `conformance` the contract as a
//!   function, for stores of your own.
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
//! # Features
//!
//! On by default, with the names that they have in `aws-config`:
//!
//! * `default-https-client` is the SDK's HTTPS client. Without it, give the builder a configuration
//!   or client that has one.
//! * `credentials-process` and `sso` are credentials that a program prints, and those of IAM
//!   Identity Center: for developers' profiles. Functions and containers on AWS need neither.
//!
//! And one for tests: `conformance`.

mod error;
mod memory;
mod secrets_manager;
mod store;
#[cfg(test)]
mod testing;
mod token;

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod matching;

pub use error::{Error, ErrorKind};
pub use memory::MemoryTokenStore;
pub use secrecy::{ExposeSecret, SecretString};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use secrets_manager::fuzzing;
pub use secrets_manager::{Deletion, SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder};
pub use store::TokenStore;
pub use token::{Field, OAuthToken, OAuthTokenBuilder};
