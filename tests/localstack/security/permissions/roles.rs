//! What each role may not do, and for which secrets, versions, keys and tags.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use zoho_token_store::{Deletion, SecretsManagerTokenStoreBuilder as Builder, TokenStore};

use super::is_denied;
use crate::support::iam::needs::KMS_KEY_ALIAS;
use crate::support::iam::{Options, Role};
use crate::support::secrets::Secrets;
use crate::support::store::{TestStore, new_prefix};
use crate::support::token::{id, login, token};
use crate::support::{front, localstack};

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
async fn a_reader_believes_a_rollback_by_hand() {
    let runtime = TestStore::new().await;
    runtime.save(&token("id=x access_token=first")).await;
    let first = runtime.secrets.current("x").await.expect("it exists");
    runtime.save(&token("id=x access_token=second")).await;
    for options in [Options::Every, Options::Default, Options::Fewest] {
        let role = Role::new("reader", options, &runtime.prefix);
        let settings = |builder: Builder| builder.tag_index(options != Options::Fewest);
        let reader = TestStore::as_role(&role, &runtime.prefix, front::open(), settings).await;
        let second = runtime.secrets.current("x").await.expect("it exists");
        reader.find_by_id("x").await;
        runtime.secrets.put_back("x", &first.version).await;
        reader.store.invalidate("x");
        let found = reader.find_by_id("x").await;
        assert_eq!(found, Some(token("id=x access_token=first")));
        runtime.secrets.put_back("x", &second.version).await;
    }
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

/// Returns a client with a role's credentials, without a store.
fn client(role: &Role) -> Client {
    let config = localstack::config(front::open()).credentials_provider(role.credentials());
    Client::from_conf(config.build())
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

#[tokio::test]
async fn a_role_that_may_not_read_earlier_versions_leaves_a_deleted_token_deleted() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    test.delete(id(&ada)).await;
    let undeleted = test.store.undelete(id(&ada)).await;
    is_denied(undeleted, "secretsmanager:GetSecretValue");
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);

    let described = test.store.describe(id(&ada)).await;
    let described = described
        .expect("it is allowed")
        .expect("there is a secret");
    assert!(described.is_tombstone && described.deleted_at.is_some());
    assert_eq!(
        described.versions[0].labels.first().map(String::as_str),
        Some("AWSCURRENT")
    );
}
