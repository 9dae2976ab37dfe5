//! The policies of the Terraform module in `infra` allow what the store needs, and nothing else.
//!
//! All tests of this binary run in the runtime role, so a missing permission fails one of them.
//! Here each role does everything that it is for, and must have used everything that it is allowed.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use serde_json::json;
use zoho_token_store::{
    Deletion, Error, ErrorKind, OAuthToken, SecretsManagerTokenStore,
    SecretsManagerTokenStoreBuilder as Builder, TokenStore,
};

use crate::support::front::{self, Front, Reaction};
use crate::support::iam::needs::KMS_KEY_ALIAS;
use crate::support::iam::{FINGERPRINT_KEY_PREFIX, Options, REPLICA_REGION, Role};
use crate::support::localstack;
use crate::support::secrets::{MANAGED_BY, Secrets};
use crate::support::store::{TestStore, new_prefix};
use crate::support::token::{id, login, token};

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
            store.delete(id(&ada)).await;
        }
        assert!(store.secrets.is_marked_for_deletion(id(&ada)).await);
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

#[tokio::test]
async fn every_role_is_denied_the_secrets_of_another_prefix() {
    let theirs = TestStore::new().await;
    let ada = theirs.save(&login("ada")).await;
    let before = theirs.secrets.current(id(&ada)).await;
    for name in ["reader", "runtime", "admin"] {
        let role = Role::new(name, Options::Every, &new_prefix());
        let other = || TestStore::as_role(&role, &theirs.prefix, front::open(), |builder| builder);
        let store = other().await.store;
        let read = "secretsmanager:GetSecretValue";
        is_denied(store.find_token(&token("user_name=ada")).await, read);
        is_denied(store.find_token_by_id(id(&ada)).await, read);
        is_denied(store.get_tokens().await, read);
        is_denied(store.save_token(&login("ada")).await, read);
        is_denied(store.save_token(&login("bob")).await, read);
        is_denied(store.delete_token(id(&ada)).await, read);
        is_denied(store.delete_tokens().await, read);
    }
    assert_eq!(theirs.secrets.current(id(&ada)).await, before);
    assert_eq!(theirs.secrets.all().await.len(), 1);
}

/// Returns stores on the same secrets: one in a role that may do everything, and one in a role that
/// may use only secrets whose ids begin with `a`.
async fn partly_denied(ids: &[&str]) -> (TestStore, TestStore) {
    let all = TestStore::new().await;
    for id in ids {
        let columns = format!("id={id} user_name={id} access_token={id}");
        all.save(&token(&columns)).await;
    }
    let role = Role::new("runtime", Options::Every, &format!("{}a", all.prefix));
    let part = TestStore::as_role(&role, &all.prefix, front::open(), |builder| builder).await;
    (all, part)
}

fn ids(tokens: &[OAuthToken]) -> BTreeSet<&str> {
    tokens.iter().map(id).collect()
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_hides_no_other() {
    let (all, part) = partly_denied(&["a1", "a2", "b1", "b2"]).await;
    let names = ["b1", "b2"].map(|id| all.secrets.name(id));
    let read = "secretsmanager:GetSecretValue";

    let error = part.store.get_tokens().await.expect_err("two are denied");
    assert!(
        names.iter().all(|name| error.to_string().contains(name)),
        "{error}"
    );
    assert_eq!(ids(error.readable_tokens()), BTreeSet::from(["a1", "a2"]));
    is_denied(Err::<(), _>(error), read);

    let error = part.store.delete_tokens().await;
    let error = error.expect_err("two are denied");
    assert!(
        names.iter().all(|name| error.to_string().contains(name)),
        "{error}"
    );
    is_denied(Err::<(), _>(error), read);
    assert_eq!(
        ids(&all.another().await.all().await),
        BTreeSet::from(["b1", "b2"])
    );
}

#[tokio::test]
async fn a_role_that_may_read_nothing_does_not_try_every_secret() {
    let prefix = new_prefix();
    let tags = json!([{"Key": MANAGED_BY.0, "Value": MANAGED_BY.1}]);
    let names = (0..200).map(|number| format!("{prefix}{number}"));
    let secrets = names.map(|name| json!({"Name": name, "Tags": tags}));
    let list = json!({"SecretList": secrets.collect::<Vec<_>>()});
    let front = Front::new(move |request| match request.action.as_str() {
        "ListSecrets" => Reaction::Respond(list.clone()),
        _ => Reaction::Forward,
    })
    .await;
    let role = Role::new("reader", Options::Every, &new_prefix());
    let reader = TestStore::as_role(&role, &prefix, front.endpoint(), |builder| builder).await;
    let read = "secretsmanager:GetSecretValue";
    is_denied(reader.store.get_tokens().await, read);
    let tried = reader.calls.of("GetSecretValue");
    assert!((20..=100).contains(&tried), "{tried} secrets were tried");
}

#[tokio::test]
async fn a_reader_is_denied_every_change() {
    let runtime = TestStore::new().await;
    let ada = runtime.save(&login("ada")).await;
    let before = runtime.secrets.current(id(&ada)).await;
    let role = Role::new("reader", Options::Every, &runtime.prefix);
    let reader = TestStore::as_role(&role, &runtime.prefix, front::open(), |builder| builder).await;

    let changed = token("user_name=ada redirect_url=https://elsewhere.example");
    is_denied(
        reader.store.save_token(&changed).await,
        "secretsmanager:PutSecretValue",
    );
    is_denied(
        reader.store.save_token(&login("bob")).await,
        "secretsmanager:CreateSecret",
    );
    is_denied(
        reader.store.delete_token(id(&ada)).await,
        "secretsmanager:PutSecretValue",
    );
    is_denied(
        reader.store.delete_tokens().await,
        "secretsmanager:PutSecretValue",
    );
    assert_eq!(runtime.secrets.current(id(&ada)).await, before);
    assert_eq!(runtime.secrets.all().await.len(), 1);
}

#[tokio::test]
async fn the_runtime_role_can_neither_skip_nor_shorten_the_recovery_window() {
    let prefix = new_prefix();
    let _secrets = Secrets::below(&prefix).remove_on_drop();
    let role = Role::new("runtime", Options::Default, &prefix);
    for deletion in [Deletion::Force, Deletion::RecoveryWindow { days: 8 }] {
        let settings = |builder: Builder| builder.deletion(deletion);
        let test = TestStore::as_role(&role, &prefix, front::open(), settings).await;
        let ada = test.save(&login("ada")).await;
        let deleted = test.store.delete_token(id(&ada)).await;
        match deletion {
            Deletion::Force => {
                is_denied(deleted, "secretsmanager:DeleteSecret");
                assert_eq!(test.another().await.find_by_id(id(&ada)).await, Some(ada));
            }
            _ => deleted.expect("a longer recovery window should be allowed"),
        }
    }
}

/// Returns the error code of a refusal by AWS.
fn code<E: ProvideErrorMetadata>(error: SdkError<E>) -> String {
    error.code().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_runtime_role_cannot_change_a_foreign_secret() {
    let test = TestStore::new().await;
    test.secrets
        .create("theirs", Some("not a token"), &[])
        .await;
    let (aws, name) = (client(&test.role), test.secrets.name("theirs"));
    let put = aws.put_secret_value().secret_id(&name).secret_string("{}");
    let restore = aws.restore_secret().secret_id(&name);
    let delete = aws.delete_secret().secret_id(&name);
    let refused = [
        put.send().await.map(|_| ()).map_err(code),
        restore.send().await.map(|_| ()).map_err(code),
        delete.send().await.map(|_| ()).map_err(code),
    ];
    assert_eq!(
        refused,
        std::array::from_fn(|_| Err("AccessDeniedException".to_owned()))
    );
}

/// Returns a client with a role's credentials, without a store.
fn client(role: &Role) -> Client {
    let config = localstack::config(front::open()).credentials_provider(role.credentials());
    Client::from_conf(config.build())
}

#[tokio::test]
async fn only_the_admin_role_can_read_earlier_versions() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let name = test.secrets.name(id(&ada));
    let version = test
        .secrets
        .current(id(&ada))
        .await
        .expect("it was saved")
        .version;
    test.save(&token("user_name=ada access_token=a-new")).await;
    for role in ["runtime", "reader", "admin"] {
        let aws = client(&Role::new(role, Options::Every, &test.prefix));
        let read = || aws.get_secret_value().secret_id(&name);
        let earlier = [
            read().version_stage("AWSPREVIOUS").send().await,
            read().version_id(&version).send().await,
            read()
                .version_id(&version)
                .version_stage("AWSPREVIOUS")
                .send()
                .await,
        ];
        let earlier = earlier.map(|read| read.map(|_| ()).map_err(code));
        let expected = match role {
            "admin" => Ok(()),
            _ => Err("AccessDeniedException".to_owned()),
        };
        assert_eq!(earlier, std::array::from_fn(|_| expected.clone()), "{role}");

        let arn = test
            .secrets
            .describe(id(&ada))
            .await
            .arn
            .expect("a secret has an ARN");
        let current = aws.get_secret_value().secret_id(arn);
        let current = current.version_stage("AWSCURRENT").send().await;
        assert_eq!(current.map(|_| ()).map_err(code), Ok(()), "{role}, by ARN");
        let batch = aws
            .batch_get_secret_value()
            .secret_id_list(&name)
            .send()
            .await;
        let values = batch.expect("the batch should be read").secret_values;
        assert_eq!(
            values.map_or(0, |values| values.len()),
            1,
            "{role}, in a batch"
        );
    }
}

#[tokio::test]
async fn the_runtime_role_can_only_use_the_kms_key_of_its_policy() {
    for (options, key, allowed) in [
        (Options::Every, Some(KMS_KEY_ALIAS), true),
        (Options::Every, Some("alias/other"), false),
        (Options::Every, None, false),
        (Options::Default, None, true),
        (Options::Default, Some(KMS_KEY_ALIAS), false),
    ] {
        let prefix = new_prefix();
        let _secrets = Secrets::below(&prefix).remove_on_drop();
        let role = Role::new("runtime", options, &prefix);
        let settings = |builder: Builder| match key {
            Some(key) => builder.kms_key_id(key),
            None => builder,
        };
        let test = TestStore::as_role(&role, &prefix, front::open(), settings).await;
        let saved = test.store.save_token(&login("ada")).await;
        match allowed {
            true => assert!(saved.is_ok(), "{options:?}, {key:?}: {saved:?}"),
            false => is_denied(saved, "secretsmanager:CreateSecret"),
        }
    }
}

#[tokio::test]
async fn the_runtime_role_can_remove_tags_of_the_index_and_no_others() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    test.secrets
        .tag(id(&ada), "zoho-token-store:user:old", "x")
        .await;
    let aws = client(&test.role);
    let untag = |name: String, key: &str| {
        let untag = aws.untag_resource().secret_id(name).tag_keys(key);
        async { untag.send().await.map(|_| ()).map_err(code) }
    };
    let name = || test.secrets.name(id(&ada));
    assert_eq!(untag(name(), "zoho-token-store:user:old").await, Ok(()));
    let denied = Err("AccessDeniedException".to_owned());
    assert_eq!(untag(name(), "managed-by").await, denied);
    assert_eq!(untag(name(), "team").await, denied);
    test.secrets
        .create("theirs", Some("not a token"), &[])
        .await;
    let theirs = test.secrets.name("theirs");
    assert_eq!(untag(theirs, "zoho-token-store:user").await, denied);
    let tags = test.secrets.tags(id(&ada)).await;
    assert!(!tags.contains_key("zoho-token-store:user:old"));
    assert!(tags.contains_key("managed-by"));
}
