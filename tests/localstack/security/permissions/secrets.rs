//! Secrets that a role may not use: they are named, hide no others, and stay as they are.

use std::collections::BTreeSet;

use serde_json::json;
use zoho_token_store::{OAuthToken, TokenStore};

use super::is_denied;
use crate::support::front::{self, Front, Reaction};
use crate::support::iam::{Options, Role};
use crate::support::secrets::MANAGED_BY;
use crate::support::store::{TestStore, new_prefix};
use crate::support::token::{id, login, token};

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
    let names = (0..2_000).map(|number| format!("{prefix}{number}"));
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
    assert!((1_000..=1_200).contains(&tried), "{tried} were tried");
}
