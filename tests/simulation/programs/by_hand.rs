//! What an operator does by hand, in the middle of a program.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::{Operator, Secret};

use super::run::Stage;

/// How many tags a secret can have.
const TAGS: usize = 50;

/// The name of the secret with the fingerprint key.
pub const KEY_SECRET: &str = "keys/fingerprint";

/// Secrets of others: below another prefix, and below the store's without its tag.
pub fn make_foreign_secrets(operator: &Operator) {
    let tags = json!([{"Key": "managed-by", "Value": "zoho-token-store"}]);
    let secrets = [
        json!({"Name": "elsewhere/hush", "SecretString": "theirs", "Tags": tags}),
        json!({"Name": "zoho/tokens/theirs", "SecretString": "theirs"}),
    ];
    for secret in secrets {
        operator
            .call("CreateSecret", secret)
            .expect("a foreign secret");
    }
}

/// Puts a fingerprint key into its secret. The one before becomes the former key.
pub fn put_key(operator: &Operator, number: usize) {
    let key = format!("fingerprint key number {number}");
    let created = operator.call(
        "CreateSecret",
        json!({"Name": KEY_SECRET, "SecretString": key}),
    );
    if created.is_err() {
        let version = format!("key-{number:032}");
        let put = json!({
            "SecretId": KEY_SECRET, "SecretString": key, "ClientRequestToken": version,
        });
        operator.call("PutSecretValue", put).expect("another key");
    }
}

/// Makes the previous version of a grant's record the current one, if that is a record, too.
pub fn roll_back(stage: &Stage, grant: usize) {
    let operator = stage.world.operator();
    if let Some(secret) = secret_of(stage, grant)
        && let Some(previous) = secret.staged("AWSPREVIOUS")
        && secret.is_record(previous)
    {
        // One that is marked for deletion cannot be rolled back.
        let _ = operator.roll_back(&secret, &previous.id);
    }
}

/// Adds a field `deleted` to a grant's record, which makes no tombstone of it.
pub fn add_a_field(stage: &Stage, grant: usize) {
    let operator = stage.world.operator();
    let Some(secret) = secret_of(stage, grant).filter(|secret| secret.record().is_some()) else {
        return;
    };
    let document = secret.text().map(serde_json::from_str::<Value>);
    if let Some(Ok(mut document)) = document {
        document["deleted"] = json!("by hand");
        let version = format!("by-hand-{:032}", stage.world.now().as_nanos());
        let put = json!({
            "SecretId": secret.arn, "SecretString": document.to_string(),
            "ClientRequestToken": version,
        });
        // Of 100 versions a day there may be no room for this one.
        let _ = operator.call("PutSecretValue", put);
    }
}

/// Adds tags to the secret of a grant's record, as many as it has room for.
pub fn fill_with_tags(stage: &Stage, grant: usize) {
    let operator = stage.world.operator();
    let Some(secret) = secret_of(stage, grant) else {
        return;
    };
    let others: Vec<_> = (secret.tags.len()..TAGS)
        .map(|number| json!({"Key": format!("team-{number}"), "Value": "crm"}))
        .collect();
    if !others.is_empty() {
        // One that is marked for deletion cannot be tagged.
        let _ = operator.call(
            "TagResource",
            json!({"SecretId": secret.arn, "Tags": others}),
        );
    }
}

/// The secret that a grant's record was last saved in.
fn secret_of(stage: &Stage, grant: usize) -> Option<Arc<Secret>> {
    let ids = stage.note(|events| {
        let of_grant = events
            .iter()
            .filter(|event| event.operation.grant() == Some(grant));
        let ids = of_grant.filter_map(|event| event.saved_id().map(str::to_owned));
        ids.collect::<Vec<_>>()
    });
    let secrets = stage.world.operator().secrets();
    let mut secrets = secrets.into_iter();
    secrets.find(|secret| ids.iter().any(|id| secret.name.ends_with(id)))
}
