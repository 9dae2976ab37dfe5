//! Stores to test, each under its own prefix, with their calls counted.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder as ClientBuilder;
use aws_smithy_async::time::TimeSource;
use uuid::Uuid;
use zoho_token_store::{
    OAuthToken, SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder as Builder, TokenStore,
};

use super::calls::Calls;
use super::front::{self, Front};
use super::iam::needs::KMS_KEY_ALIAS;
use super::iam::{Options, Role};
use super::localstack;
use super::secrets::Secrets;

/// A store on LocalStack, and what a test needs to inspect it.
pub struct TestStore {
    pub prefix: String,
    pub store: SecretsManagerTokenStore,
    /// The role that signs its calls.
    pub role: Arc<Role>,
    /// The calls of this store only.
    pub calls: Calls,
    /// The secrets under the prefix, read without the store.
    pub secrets: Secrets,
}

impl TestStore {
    /// Returns a store with default settings under a new prefix.
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// Returns a store under a new prefix whose clock is two hours behind. For other stores, what it
    /// saves is old: no other process can have inserted the same token at the same time.
    pub async fn two_hours_ago() -> Self {
        let prefix = new_prefix();
        let role = Role::new("runtime", Options::Every, &prefix);
        let config = localstack::config(front::open()).time_source(TwoHoursAgo);
        let settings = |builder: Builder| builder.kms_key_id(KMS_KEY_ALIAS);
        let test = Self::with_client(&role, &prefix, config, settings).await;
        TestStore {
            secrets: test.secrets.remove_on_drop(),
            ..test
        }
    }

    /// Returns a store with other settings under a new prefix.
    pub async fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        Self::with_endpoint(front::open(), settings).await
    }

    /// Returns a store behind a server under a new prefix.
    pub async fn behind(front: &Front) -> Self {
        Self::with_endpoint(front.endpoint(), |builder| builder).await
    }

    /// Returns a store that uses this endpoint under a new prefix.
    pub async fn with_endpoint(endpoint: &str, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let test = Self::at(&new_prefix(), endpoint, settings).await;
        TestStore {
            secrets: test.secrets.remove_on_drop(),
            ..test
        }
    }

    /// Returns a second store on the same secrets with an empty cache, like another process.
    pub async fn another(&self) -> Self {
        self.another_with(|builder| builder).await
    }

    /// Returns a second store on the same secrets with other settings.
    pub async fn another_with(&self, settings: impl FnOnce(Builder) -> Builder) -> Self {
        Self::at(&self.prefix, front::open(), settings).await
    }

    /// Returns a second store on the same secrets behind a server.
    pub async fn another_behind(&self, front: &Front) -> Self {
        Self::at(&self.prefix, front.endpoint(), |builder| builder).await
    }

    /// Returns a store under this prefix that uses this endpoint. Its secrets stay.
    pub async fn at(
        prefix: &str,
        endpoint: &str,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let role = Role::new("runtime", Options::Every, prefix);
        // The role may create secrets with this key only.
        let settings = |builder: Builder| settings(builder.kms_key_id(KMS_KEY_ALIAS));
        Self::as_role(&role, prefix, endpoint, settings).await
    }

    /// Like `at`, but in another role than the usual one, which is the Terraform module's runtime
    /// role with every option.
    pub async fn as_role(
        role: &Arc<Role>,
        prefix: &str,
        endpoint: &str,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        Self::with_client(role, prefix, localstack::config(endpoint), settings).await
    }

    async fn with_client(
        role: &Arc<Role>,
        prefix: &str,
        config: ClientBuilder,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let calls = Calls::default();
        let config = config
            .credentials_provider(role.credentials())
            .interceptor(calls.clone());
        let builder = SecretsManagerTokenStore::builder()
            .prefix(prefix)
            // A LocalStack that many tests keep busy is not an outage.
            .attempt_timeout(Duration::from_secs(60))
            .operation_timeout(Duration::from_secs(60))
            .client(Client::from_conf(config.build()));
        let store = settings(builder).build().await;
        TestStore {
            prefix: prefix.to_owned(),
            role: role.clone(),
            store: store.expect("the settings should be valid"),
            calls,
            secrets: Secrets::below(prefix),
        }
    }
}

/// The operations, for tests in which they must not fail.
impl TestStore {
    pub async fn save(&self, token: &OAuthToken) -> OAuthToken {
        let saved = self.store.save_token(token).await;
        saved.expect("the token is saved")
    }

    pub async fn find(&self, partial: &OAuthToken) -> Option<OAuthToken> {
        let found = self.store.find_token(partial).await;
        found.expect("the token is looked up")
    }

    pub async fn find_by_id(&self, id: &str) -> Option<OAuthToken> {
        let found = self.store.find_token_by_id(id).await;
        found.expect("the id is looked up")
    }

    pub async fn all(&self) -> Vec<OAuthToken> {
        self.store.get_tokens().await.expect("all tokens are read")
    }

    pub async fn delete(&self, id: &str) {
        let deleted = self.store.delete_token(id).await;
        deleted.expect("the token is deleted");
    }

    pub async fn delete_all(&self) {
        let deleted = self.store.delete_tokens().await;
        deleted.expect("all tokens are deleted");
    }
}

/// The clock of a store that is two hours behind.
#[derive(Debug)]
struct TwoHoursAgo;

impl TimeSource for TwoHoursAgo {
    fn now(&self) -> SystemTime {
        SystemTime::now() - Duration::from_secs(7_200)
    }
}

/// Returns a prefix that no other test uses.
pub fn new_prefix() -> String {
    format!("test-{}/", Uuid::new_v4().simple())
}
