//! The policies of the Terraform module in `infra` allow what the store needs, and nothing else.
//!
//! All tests of this binary run in the runtime role, so a missing permission fails one of them.
//! Here each role does everything that it is for, and must have used everything that it is allowed.

mod roles;
mod secrets;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use zoho_token_store::{
    Error, ErrorKind, SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder as Builder,
    TokenStore,
};

use crate::support::front::{Front, Reaction};
use crate::support::iam::needs::KMS_KEY_ALIAS;
use crate::support::iam::{FINGERPRINT_KEY_PREFIX, Options, REPLICA_REGION, Role};
use crate::support::secrets::Secrets;
use crate::support::store::{TestStore, new_prefix};
use crate::support::token::{id, login, token};
use crate::support::{front, localstack};

/// Returns the name of a secret with a fingerprint key, which stays after the test.
async fn fingerprint_key() -> String {
    let name = format!("{FINGERPRINT_KEY_PREFIX}permissions");
    let create = localstack::client().create_secret().name(&name);
    let key = "a fingerprint key of 32 random bytes";
    if let Err(error) = create.secret_string(key).send().await {
        let error = error.into_service_error();
        assert!(error.is_resource_exists_exception(), "{error}");
    }
    name
}

/// Stores in one role, with the settings that match its policy.
struct Actor<'a> {
    role: &'a Arc<Role>,
    options: Options,
    prefix: &'a str,
    fingerprint_key: &'a str,
}

impl Actor<'_> {
    fn settings(&self, builder: Builder) -> Builder {
        match self.options {
            Options::Every => builder
                .fingerprint_key_secret(self.fingerprint_key)
                .kms_key_id(KMS_KEY_ALIAS)
                .replica_region(REPLICA_REGION)
                .tag("team", "crm"),
            Options::Fewest => builder.tag_index(false),
            Options::Default => builder,
        }
    }

    fn has_index(&self) -> bool {
        self.options != Options::Fewest
    }

    /// Returns a store with an empty cache.
    async fn store(&self) -> TestStore {
        let settings = |builder| self.settings(builder);
        TestStore::as_role(self.role, self.prefix, front::open(), settings).await
    }

    async fn store_in_replica_region(&self) -> SecretsManagerTokenStore {
        let config = localstack::config(front::open())
            .region(Region::new(REPLICA_REGION))
            .credentials_provider(self.role.credentials());
        let builder = SecretsManagerTokenStore::builder()
            .prefix(self.prefix)
            .fingerprint_key_secret(self.fingerprint_key)
            .client(Client::from_conf(config.build()));
        builder.build().await.expect("the settings should be valid")
    }

    async fn reads(&self) {
        let ada = self.store().await.find(&token("user_name=ada")).await;
        assert!(ada.is_some());
        let report = self.store().await.store.check().await;
        assert!(report.can_read(), "\n{report}");
        if self.has_index() {
            let store = self.store().await;
            assert_eq!(store.find(&token("access_token=a-ada")).await, ada);
            assert_eq!(store.all().await.len(), 1);
        }
        if self.options == Options::Every {
            let store = self.store_in_replica_region().await;
            let found = store.find_token(&token("access_token=a-ada")).await;
            assert_eq!(found.expect("the replica should be readable"), ada);
            assert_eq!(
                store
                    .get_tokens()
                    .await
                    .expect("the replicas should be readable")
                    .len(),
                1
            );
        }
    }

    /// Refreshes a token, logs in after a logout, and deletes everything.
    async fn writes_and_deletes(&self) {
        let store = self.store().await;
        let ada = store.save(&token("user_name=ada access_token=a-new")).await;
        store.delete(id(&ada)).await;
        store.save(&login("ada")).await;
        if self.has_index() {
            store.delete_all().await;
        } else {
            self.deletes_what_a_read_does_not_show(id(&ada)).await;
        }
        assert!(store.secrets.is_marked_for_deletion(id(&ada)).await);
    }

    async fn deletes_what_a_read_does_not_show(&self, id: &str) {
        let is_old = AtomicBool::new(true);
        let front = Front::new(move |request| match request.action.as_str() {
            "GetSecretValue" if is_old.swap(false, Ordering::Relaxed) => Reaction::Refuse {
                status: 400,
                code: "ResourceNotFoundException",
                message: "Secrets Manager can't find the specified secret.",
            },
            _ => Reaction::Forward,
        });
        let (front, settings) = (front.await, |builder| self.settings(builder));
        let store = TestStore::as_role(self.role, self.prefix, front.endpoint(), settings).await;
        store.delete(id).await;
    }

    /// Brings a deleted token back and describes its secret, as an operator does.
    async fn brings_back(&self) {
        let store = self.store().await;
        let deleted = store.secrets.all().await;
        let name = deleted[0].name().expect("a secret has a name");
        let id = name
            .strip_prefix(self.prefix)
            .expect("it is under the prefix");
        let undeleted = store.store.undelete(id).await;
        let ada = undeleted
            .expect("it is allowed")
            .expect("there is a secret");
        assert_eq!(
            store.find(&token("user_name=ada")).await.as_ref(),
            Some(&ada)
        );
        let described = store.store.describe(id).await;
        let described = described
            .expect("it is allowed")
            .expect("there is a secret");
        let mut versions = described.versions.iter();
        assert!(versions.all(|version| version.created_at.is_some()));
        store.delete(id).await;
    }
}

#[tokio::test]
async fn every_role_is_allowed_what_it_needs_and_nothing_else() {
    let fingerprint_key = fingerprint_key().await;
    for options in [Options::Every, Options::Default, Options::Fewest] {
        let prefix = new_prefix();
        let _secrets = Secrets::below(&prefix).remove_on_drop();
        let roles = ["runtime", "reader", "admin"].map(|name| Role::new(name, options, &prefix));
        let actors = roles.each_ref().map(|role| Actor {
            role,
            options,
            prefix: &prefix,
            fingerprint_key: &fingerprint_key,
        });
        let [runtime, reader, admin] = &actors;

        runtime.store().await.save(&login("ada")).await;
        for actor in &actors {
            actor.reads().await;
        }
        runtime.writes_and_deletes().await;
        runtime.store().await.save(&login("ada")).await;
        admin.writes_and_deletes().await;
        admin.brings_back().await;
        assert!(
            reader
                .store()
                .await
                .find(&token("user_name=ada"))
                .await
                .is_none()
        );
        for (role, name) in roles.iter().zip(["runtime", "reader", "admin"]) {
            let unused = role.never_used();
            assert_eq!(unused, BTreeSet::new(), "{name}, {options:?}");
        }
    }
}

/// Checks that a call was denied and that the error names it.
fn is_denied<T>(result: Result<T, Error>, action: &str) {
    let error = result.err().expect("the role should be denied the call");
    assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
    assert_eq!(error.missing_action(), Some(action), "{error}");
}
