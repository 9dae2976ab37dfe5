//! Stores to test, each below a prefix of its own, with the calls they make counted.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use uuid::Uuid;
use zoho_token_store::{
    OAuthToken, SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder as Builder, TokenStore,
};

use super::calls::Calls;
use super::front::{self, Front};
use super::iam::{Options, Role};
use super::localstack;
use super::secrets::Secrets;

/// A store on LocalStack, and what a test looks at it with.
pub struct TestStore {
    pub prefix: String,
    pub store: SecretsManagerTokenStore,
    /// Who makes its calls.
    pub role: Arc<Role>,
    /// The calls of this store alone.
    pub calls: Calls,
    /// What lies in Secrets Manager below the prefix, past the store.
    pub secrets: Secrets,
}

impl TestStore {
    /// A store with the default settings below a prefix that nobody else has.
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// A store with other settings below a prefix that nobody else has.
    pub async fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        Self::with_endpoint(front::open(), settings).await
    }

    /// A store behind a server below a prefix that nobody else has.
    pub async fn behind(front: &Front) -> Self {
        Self::with_endpoint(front.endpoint(), |builder| builder).await
    }

    /// A store that talks to this endpoint below a prefix that nobody else has.
    pub async fn with_endpoint(endpoint: &str, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let test = Self::at(&new_prefix(), endpoint, settings).await;
        TestStore {
            secrets: test.secrets.pass(),
            ..test
        }
    }

    /// A second store on the same secrets, as another process has it: nothing in its cache.
    pub async fn another(&self) -> Self {
        self.another_with(|builder| builder).await
    }

    /// A second store on the same secrets, with other settings.
    pub async fn another_with(&self, settings: impl FnOnce(Builder) -> Builder) -> Self {
        Self::at(&self.prefix, front::open(), settings).await
    }

    /// A second store on the same secrets, behind a server.
    pub async fn another_behind(&self, front: &Front) -> Self {
        Self::at(&self.prefix, front.endpoint(), |builder| builder).await
    }

    /// A store below this prefix that talks to this endpoint. What it stores stays.
    pub async fn at(
        prefix: &str,
        endpoint: &str,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let role = Role::new("runtime", Options::Every, prefix);
        Self::as_role(&role, prefix, endpoint, settings).await
    }

    /// The same in another role than the usual one, which is the module's for programs, with every
    /// option there is.
    pub async fn as_role(
        role: &Arc<Role>,
        prefix: &str,
        endpoint: &str,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let calls = Calls::default();
        let config = localstack::config(endpoint)
            .credentials_provider(role.credentials())
            .interceptor(calls.clone());
        let builder = SecretsManagerTokenStore::builder()
            .prefix(prefix)
            // A LocalStack that many tests keep busy is no outage.
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

/// The operations, where they must not fail.
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

/// A prefix that nobody else has.
pub fn new_prefix() -> String {
    format!("test-{}/", Uuid::new_v4().simple())
}
