//! The AWS calls the store makes, each by its own method, and nothing else of AWS.

use std::time::SystemTime;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::batch_get_secret_value::BatchGetSecretValueOutput;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, ReplicaRegionType, Tag};
use secrecy::{ExposeSecret, SecretString};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::aws::rate_limit::RateLimits;
use crate::secrets_manager::format::fingerprint::MANAGED_BY;
use crate::token::builder::wiped;

/// ListSecrets answers at most 100 secrets a page, BatchGetSecretValue takes at most 20 ids (API
/// reference).
pub(crate) const BATCH_LIMIT: usize = 20;
const PAGE_LIMIT: i32 = 100;

const DESCRIPTION: &str = "An OAuth token for Zoho, kept by zoho-token-store";

/// What happens to a deleted secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// It can be restored for so many days.
    RecoveryWindow { days: u8 },
    /// It is gone.
    Force,
}

/// The value of a secret, or why there is none.
#[derive(Debug)]
pub(crate) enum Value {
    Text {
        text: SecretString,
        version: String,
        created: Option<SystemTime>,
    },
    Binary {
        version: String,
    },
    NotFound,
    Deleted,
}

/// A Secrets Manager client with the settings that concern calls.
pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) extra_tags: Vec<(String, String)>,
    pub(crate) replica_regions: Vec<String>,
    pub(crate) deletion: Deletion,
    pub(crate) rate_limits: RateLimits,
}

impl Api {
    pub(crate) async fn get(&self, name: &str) -> Result<Value, Failure> {
        self.get_stage(name, "AWSCURRENT").await
    }

    pub(crate) async fn get_stage(&self, name: &str, stage: &str) -> Result<Value, Failure> {
        tracing::debug!(secret = name, "GetSecretValue");
        match self
            .client
            .get_secret_value()
            .secret_id(name)
            .version_stage(stage)
            .send()
            .await
        {
            Ok(output) => Ok(match (output.secret_string, output.version_id) {
                (Some(text), Some(version)) => {
                    let created = output
                        .created_date
                        .and_then(|date| SystemTime::try_from(date).ok());
                    Value::Text {
                        text: wiped(text),
                        version,
                        created,
                    }
                }
                (_, version) => Value::Binary {
                    version: version.unwrap_or_default(),
                },
            }),
            Err(error) => {
                let failure = Failure::of("secretsmanager:GetSecretValue", error);
                match failure.reason {
                    Reason::NotFound => Ok(Value::NotFound),
                    Reason::Deleted => Ok(Value::Deleted),
                    _ => Err(failure.about(name)),
                }
            }
        }
    }

    pub(crate) async fn create(
        &self,
        name: &str,
        document: &SecretString,
        tags: Vec<(String, String)>,
        request_token: &str,
    ) -> Result<(), Failure> {
        self.rate_limits.create.acquire().await;
        tracing::debug!(secret = name, "CreateSecret");
        let call = self
            .client
            .create_secret()
            .name(name)
            .description(DESCRIPTION)
            .secret_string(document.expose_secret())
            .set_tags(Some(self.all_tags(tags)))
            .set_kms_key_id(self.kms_key_id.clone())
            .set_add_replica_regions(self.replicas())
            .client_request_token(request_token)
            .send();
        match silently(call).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of("secretsmanager:CreateSecret", error).about(name)),
        }
    }

    /// Answers whether AWS says that the version is the current one now.
    pub(crate) async fn put(
        &self,
        name: &str,
        document: &SecretString,
        version: &str,
    ) -> Result<bool, Failure> {
        self.rate_limits.put.acquire().await;
        tracing::debug!(secret = name, version, "PutSecretValue");
        let call = self.client.put_secret_value().secret_id(name);
        let call = call
            .secret_string(document.expose_secret())
            .client_request_token(version)
            .send();
        match silently(call).await {
            Ok(output) => Ok(output
                .version_stages()
                .iter()
                .any(|stage| stage == "AWSCURRENT")),
            Err(error) => Err(Failure::of("secretsmanager:PutSecretValue", error).about(name)),
        }
    }

    pub(crate) async fn tag(&self, name: &str, tags: Vec<(String, String)>) -> Result<(), Failure> {
        self.rate_limits.tag.acquire().await;
        tracing::debug!(secret = name, "TagResource");
        let tags = self.all_tags(tags);
        match self
            .client
            .tag_resource()
            .secret_id(name)
            .set_tags(Some(tags))
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of("secretsmanager:TagResource", error).about(name)),
        }
    }

    pub(crate) async fn describe(&self, name: &str) -> Result<DescribeSecretOutput, Failure> {
        tracing::debug!(secret = name, "DescribeSecret");
        let output = self.client.describe_secret().secret_id(name).send().await;
        output.map_err(|error| Failure::of("secretsmanager:DescribeSecret", error).about(name))
    }

    pub(crate) async fn restore(&self, name: &str) -> Result<(), Failure> {
        self.rate_limits.restore.acquire().await;
        tracing::debug!(secret = name, "RestoreSecret");
        match self.client.restore_secret().secret_id(name).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of("secretsmanager:RestoreSecret", error).about(name)),
        }
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Failure> {
        self.rate_limits.delete.acquire().await;
        tracing::debug!(secret = name, "DeleteSecret");
        let call = self.client.delete_secret().secret_id(name);
        let call = match self.deletion {
            Deletion::RecoveryWindow { days } => call.recovery_window_in_days(days.into()),
            Deletion::Force => call.force_delete_without_recovery(true),
        };
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of("secretsmanager:DeleteSecret", error).about(name)),
        }
    }

    /// Gives a secret the replicas that every secret of the store has.
    pub(crate) async fn replicate(&self, name: &str) -> Result<(), Failure> {
        let Some(replicas) = self.replicas() else {
            return Ok(());
        };
        tracing::debug!(secret = name, "ReplicateSecretToRegions");
        let call = self.client.replicate_secret_to_regions().secret_id(name);
        match call.set_add_replica_regions(Some(replicas)).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Failure::of("secretsmanager:ReplicateSecretToRegions", error).about(name))
            }
        }
    }

    /// Takes the replicas away from a secret; with them it cannot be deleted.
    pub(crate) async fn remove_replicas(
        &self,
        name: &str,
        regions: Vec<String>,
    ) -> Result<(), Failure> {
        tracing::debug!(secret = name, "RemoveRegionsFromReplication");
        let call = self
            .client
            .remove_regions_from_replication()
            .secret_id(name);
        match call.set_remove_replica_regions(Some(regions)).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Failure::of("secretsmanager:RemoveRegionsFromReplication", error).about(name))
            }
        }
    }

    fn replicas(&self) -> Option<Vec<ReplicaRegionType>> {
        let regions = self.replica_regions.iter();
        let replicas: Vec<_> = regions
            .map(|region| ReplicaRegionType::builder().region(region).build())
            .collect();
        Some(replicas).filter(|replicas| !replicas.is_empty())
    }

    /// One page of the secrets below a prefix that have a tag with one of these values.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        tag_values: Vec<String>,
        page: Option<String>,
    ) -> Result<ListSecretsOutput, Failure> {
        tracing::debug!(prefix, "ListSecrets");
        let filter = |key, values| Filter::builder().key(key).set_values(Some(values)).build();
        let output = self
            .client
            .list_secrets()
            .filters(filter(FilterNameStringType::Name, vec![prefix.to_owned()]))
            .filters(filter(FilterNameStringType::TagValue, tag_values))
            .max_results(PAGE_LIMIT)
            .set_next_token(page)
            .send()
            .await;
        output.map_err(|error| Failure::of("secretsmanager:ListSecrets", error))
    }

    pub(crate) async fn batch_get(
        &self,
        names: Vec<String>,
    ) -> Result<BatchGetSecretValueOutput, Failure> {
        tracing::debug!(secrets = names.len(), "BatchGetSecretValue");
        let output = self
            .client
            .batch_get_secret_value()
            .set_secret_id_list(Some(names))
            .send()
            .await;
        output.map_err(|error| Failure::of("secretsmanager:BatchGetSecretValue", error))
    }

    /// The tags of the index, and those that every secret of the store has.
    fn all_tags(&self, index: Vec<(String, String)>) -> Vec<Tag> {
        let managed_by = (MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
        let tags = std::iter::once(managed_by)
            .chain(self.extra_tags.iter().cloned())
            .chain(index);
        tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect()
    }
}

impl Failure {
    fn about(mut self, name: &str) -> Self {
        self.error = self.error.about_secret(name);
        self
    }
}

/// Whether these tags say that the secret is one of this crate's stores'.
pub(crate) fn is_managed(tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == Some(MANAGED_BY.0) && tag.value() == Some(MANAGED_BY.1))
}

/// Runs a call that carries a token to AWS without the SDK's logging.
///
/// At TRACE the SDK prints requests before they are sent, body and all.
async fn silently<T>(call: impl Future<Output = T>) -> T {
    call.with_subscriber(Dispatch::none()).await
}
