//! The secrets in Secrets Manager without the store: reads, and changes as by hand.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, Tag};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::iam::FINGERPRINT_KEY_PREFIX;
use super::localstack;

/// The tag of the secrets that this crate manages.
pub const MANAGED_BY: (&str, &str) = ("managed-by", "zoho-token-store");

/// The keys of index tags begin with it.
const INDEX_PREFIX: &str = "zoho-token-store:";

/// A tag of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexTag {
    pub key: String,
    pub value: String,
}

/// Returns whether a text has the form of a write id.
pub fn is_write_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The secrets under a prefix.
pub struct Secrets {
    pub aws: Client,
    prefix: String,
    /// Whether the secrets are removed on drop.
    is_removed_on_drop: bool,
}

/// The current version of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    pub version: String,
    pub text: Option<String>,
}

impl Secrets {
    pub fn below(prefix: &str) -> Self {
        Secrets {
            aws: localstack::client(),
            prefix: prefix.to_owned(),
            is_removed_on_drop: false,
        }
    }

    /// Returns a place for secrets with fingerprint keys, outside all stores' prefixes, which the
    /// tests' roles may read. They are removed when it is dropped.
    pub fn fingerprint_keys() -> Self {
        let test = Uuid::new_v4().simple();
        Self::below(&format!("{FINGERPRINT_KEY_PREFIX}{test}/")).remove_on_drop()
    }

    /// Removes the secrets when this is dropped: LocalStack searches all of its secrets for each
    /// call and gets slow.
    pub fn remove_on_drop(mut self) -> Self {
        self.is_removed_on_drop = true;
        self
    }

    /// Returns the secret's name for an id without special characters.
    pub fn name(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Returns all secrets, also those marked for deletion.
    pub async fn all(&self) -> Vec<SecretListEntry> {
        let below = Filter::builder()
            .key(FilterNameStringType::Name)
            .values(&self.prefix)
            .build();
        let mut pages = self
            .aws
            .list_secrets()
            .include_planned_deletion(true)
            .filters(below)
            .into_paginator()
            .send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.extend(
                page.expect("the secrets are listed")
                    .secret_list
                    .unwrap_or_default(),
            );
        }
        all
    }

    /// Returns the current version of a secret, or `None` if it cannot be read.
    pub async fn current(&self, id: &str) -> Option<Current> {
        let read = self
            .aws
            .get_secret_value()
            .secret_id(self.name(id))
            .send()
            .await;
        let read = read.ok()?;
        Some(Current {
            version: read.version_id.expect("a value has a version"),
            text: read.secret_string,
        })
    }

    /// Returns the JSON object in a secret.
    pub async fn document(&self, id: &str) -> Map<String, Value> {
        let current = self.current(id).await.expect("the secret can be read");
        serde_json::from_str(&current.text.expect("the value is text"))
            .expect("the value is a JSON object")
    }

    pub async fn describe(&self, id: &str) -> DescribeSecretOutput {
        let described = self
            .aws
            .describe_secret()
            .secret_id(self.name(id))
            .send()
            .await;
        described.expect("the secret should exist")
    }

    pub async fn is_marked_for_deletion(&self, id: &str) -> bool {
        self.describe(id).await.deleted_date().is_some()
    }

    pub async fn tags(&self, id: &str) -> BTreeMap<String, String> {
        let tags = self.describe(id).await.tags.unwrap_or_default();
        let pairs = tags
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value?)));
        pairs.collect()
    }

    /// Returns the index tags that belong to the current version by field, for example `user`, and
    /// `user-former` for the previous fingerprint key. Other writes may have left more.
    pub async fn index(&self, id: &str) -> BTreeMap<String, IndexTag> {
        let (document, tags) = (self.document(id).await, self.tags(id).await);
        let parts = document["_index"].as_str().expect("a note is text");
        let mut index = BTreeMap::new();
        for part in parts.split(' ') {
            let (field, write) = part.split_once(':').expect("a field and a write");
            assert!(is_write_id(write), "{part}");
            for suffix in ["", "-former"] {
                let field = format!("{field}{suffix}");
                let key = format!("{INDEX_PREFIX}{field}:{write}");
                if let Some(value) = tags.get(&key).cloned() {
                    index.insert(field, IndexTag { key, value });
                }
            }
            assert!(index.contains_key(field), "{part} should have a tag");
        }
        index
    }

    /// Creates a secret by hand, without a value if `text` is `None`.
    pub async fn create(&self, id: &str, text: Option<&str>, tags: &[(&str, &str)]) {
        let tags = tags
            .iter()
            .map(|(key, value)| Tag::builder().key(*key).value(*value).build());
        let create = self
            .aws
            .create_secret()
            .name(self.name(id))
            .set_tags(Some(tags.collect()));
        let create = create.set_secret_string(text.map(str::to_owned));
        create.send().await.expect("the secret is created by hand");
    }

    /// Puts a new value by hand and returns its version.
    pub async fn put(&self, id: &str, text: &str) -> String {
        let put = self
            .aws
            .put_secret_value()
            .secret_id(self.name(id))
            .secret_string(text);
        let put = put.send().await.expect("the value is put by hand");
        put.version_id.expect("a value has a version")
    }

    pub async fn put_binary(&self, id: &str, bytes: &[u8]) {
        let put = self
            .aws
            .put_secret_value()
            .secret_id(self.name(id))
            .secret_binary(Blob::new(bytes));
        put.send().await.expect("the value is put by hand");
    }

    pub async fn tag(&self, id: &str, key: &str, value: &str) {
        let tag = Tag::builder().key(key).value(value).build();
        let tagged = self
            .aws
            .tag_resource()
            .secret_id(self.name(id))
            .tags(tag)
            .send()
            .await;
        tagged.expect("the secret is tagged by hand");
    }

    pub async fn untag(&self, id: &str, key: &str) {
        let untag = self.aws.untag_resource().secret_id(self.name(id));
        let untagged = untag.tag_keys(key).send().await;
        untagged.expect("a tag is removed by hand");
    }

    /// Marks a secret for deletion by hand, as the console does.
    pub async fn delete(&self, id: &str) {
        let deleted = self
            .aws
            .delete_secret()
            .secret_id(self.name(id))
            .send()
            .await;
        deleted.expect("the secret is deleted by hand");
    }

    pub async fn restore(&self, id: &str) {
        let restored = self
            .aws
            .restore_secret()
            .secret_id(self.name(id))
            .send()
            .await;
        restored.expect("the secret is restored by hand");
    }

    /// Makes an earlier version current by hand.
    pub async fn put_back(&self, id: &str, version: &str) {
        let current = self
            .current(id)
            .await
            .expect("the secret can be read")
            .version;
        let moved = self
            .aws
            .update_secret_version_stage()
            .secret_id(self.name(id))
            .version_stage("AWSCURRENT");
        let moved = moved
            .remove_from_version_id(current)
            .move_to_version_id(version)
            .send()
            .await;
        moved.expect("the earlier version is made the current one by hand");
    }

    /// Removes a secret at once, with its replicas if it has any.
    async fn remove(&self, name: &str) {
        let delete = || {
            let delete = self.aws.delete_secret().secret_id(name);
            delete.force_delete_without_recovery(true).send()
        };
        if delete().await.is_err() {
            let described = self.aws.describe_secret().secret_id(name).send().await;
            let described = described.expect("the secret should exist");
            let replicas = described.replication_status().iter();
            let regions = replicas.filter_map(|replica| replica.region().map(str::to_owned));
            let removed = self.aws.remove_regions_from_replication().secret_id(name);
            let removed = removed.set_remove_replica_regions(Some(regions.collect()));
            removed.send().await.expect("the replicas are removed");
            delete().await.expect("the secret is removed");
        }
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        // The secrets of a failed test can show why it failed.
        if !self.is_removed_on_drop || std::thread::panicking() {
            return;
        }
        let secrets = Secrets::below(&self.prefix);
        let remove = async move {
            for secret in secrets.all().await {
                secrets.remove(secret.name().unwrap_or_default()).await;
            }
        };
        // The test's runtime cannot be blocked on here.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("the runtime should start");
        let removal = std::thread::spawn(move || runtime.block_on(remove));
        removal
            .join()
            .expect("the test's secrets should be removed");
    }
}
