//! The calls that write. Each waits until its rate limit allows it, or fails if that takes too long.

use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag as SdkTag};
use secrecy::{ExposeSecret, SecretString};

use super::{Address, PutOutcome, SecretsManager, TOMBSTONE, require};
use crate::secrets_manager::aws::deletion::Deletion;
use crate::secrets_manager::aws::failure::Failure;
use crate::secrets_manager::aws::rate_limit::RateLimit;
use crate::secrets_manager::format::tags::{MANAGED_BY, Tag};

const CURRENT: &str = "AWSCURRENT";

/// The shortest recovery window that AWS allows, in days.
const SHORTEST_WINDOW: u8 = 7;

const DESCRIPTION: &str = "An OAuth token for Zoho, kept by zoho-token-store";

impl SecretsManager {
    /// Creates a secret, and returns its ARN.
    pub(crate) async fn create(
        &self,
        name: &str,
        document: &SecretString,
        tags: Vec<Tag>,
        request_token: &str,
    ) -> Result<String, Failure> {
        wait_for_turn(&self.rate_limits.create, name).await?;
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
            .client_request_token(request_token);
        let action = "secretsmanager:CreateSecret";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn(), output.version_id()])
            .map_err(|failure| failure.about(name))?;
        Ok(output.arn.unwrap_or_default())
    }

    /// Puts a record under this version id. If the version exists with the same content, AWS changes
    /// nothing and returns success.
    pub(crate) async fn put(
        &self,
        secret: Address<'_>,
        document: &SecretString,
        version: &str,
    ) -> Result<PutOutcome, Failure> {
        self.put_with_labels(secret, document, version, None).await
    }

    /// Puts a tombstone under this version id.
    pub(crate) async fn put_tombstone(
        &self,
        secret: Address<'_>,
        document: &SecretString,
        version: &str,
    ) -> Result<PutOutcome, Failure> {
        let labels = [CURRENT, TOMBSTONE].map(str::to_owned);
        self.put_with_labels(secret, document, version, Some(labels.into()))
            .await
    }

    async fn put_with_labels(
        &self,
        secret: Address<'_>,
        document: &SecretString,
        version: &str,
        labels: Option<Vec<String>>,
    ) -> Result<PutOutcome, Failure> {
        wait_for_turn(&self.rate_limits.put, secret.name).await?;
        tracing::debug!(secret = secret.name, version, "PutSecretValue");
        let call = self.client.put_secret_value().secret_id(secret.arn);
        let call = call
            .secret_string(document.expose_secret())
            .client_request_token(version)
            .set_version_stages(labels);
        let action = "secretsmanager:PutSecretValue";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(secret.name))?;
        require(action, [output.arn(), output.version_id()])
            .map_err(|failure| failure.about(secret.name))?;
        Ok(match output.version_stages() {
            [] => PutOutcome::Unknown,
            labels if labels.iter().any(|label| label == CURRENT) => PutOutcome::Current,
            _ => PutOutcome::Outdated,
        })
    }

    pub(crate) async fn tag(&self, secret: Address<'_>, tags: Vec<Tag>) -> Result<(), Failure> {
        wait_for_turn(&self.rate_limits.tag, secret.name).await?;
        tracing::debug!(secret = secret.name, "TagResource");
        let call = self.client.tag_resource().secret_id(secret.arn);
        match call.set_tags(Some(self.all_tags(tags))).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of("secretsmanager:TagResource", error).about(secret.name)),
        }
    }

    /// Removes tags. It is not an error if the secret does not have them.
    pub(crate) async fn untag(
        &self,
        secret: Address<'_>,
        keys: Vec<String>,
    ) -> Result<(), Failure> {
        // TagResource and UntagResource have one quota.
        wait_for_turn(&self.rate_limits.tag, secret.name).await?;
        tracing::debug!(secret = secret.name, "UntagResource");
        let call = self.client.untag_resource().secret_id(secret.arn);
        match call.set_tag_keys(Some(keys)).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Failure::of("secretsmanager:UntagResource", error).about(secret.name))
            }
        }
    }

    pub(crate) async fn restore(&self, secret: Address<'_>) -> Result<(), Failure> {
        wait_for_turn(&self.rate_limits.restore, secret.name).await?;
        tracing::debug!(secret = secret.name, "RestoreSecret");
        let call = self.client.restore_secret().secret_id(secret.arn);
        let action = "secretsmanager:RestoreSecret";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(secret.name))?;
        require(action, [output.arn(), output.name()]).map_err(|failure| failure.about(secret.name))
    }

    /// The deletion of the settings, or one that can be undone if the store deletes by force.
    pub(crate) fn recoverable_deletion(&self) -> Deletion {
        match self.deletion {
            Deletion::Force => Deletion::RecoveryWindow {
                days: SHORTEST_WINDOW,
            },
            window @ Deletion::RecoveryWindow { .. } => window,
        }
    }

    pub(crate) async fn delete(
        &self,
        secret: Address<'_>,
        deletion: Deletion,
    ) -> Result<(), Failure> {
        wait_for_turn(&self.rate_limits.delete, secret.name).await?;
        tracing::debug!(secret = secret.name, "DeleteSecret");
        let call = self.client.delete_secret().secret_id(secret.arn);
        let call = match deletion {
            Deletion::RecoveryWindow { days } => call.recovery_window_in_days(days.into()),
            Deletion::Force => call.force_delete_without_recovery(true),
        };
        let action = "secretsmanager:DeleteSecret";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(secret.name))?;
        require(action, [output.arn(), output.name()]).map_err(|failure| failure.about(secret.name))
    }

    /// Gives a secret the replicas that every secret of the store has.
    pub(crate) async fn replicate(&self, secret: Address<'_>) -> Result<(), Failure> {
        let Some(replicas) = self.replicas() else {
            return Ok(());
        };
        tracing::debug!(secret = secret.name, "ReplicateSecretToRegions");
        let call = self
            .client
            .replicate_secret_to_regions()
            .secret_id(secret.arn);
        let action = "secretsmanager:ReplicateSecretToRegions";
        let output = call.set_add_replica_regions(Some(replicas)).send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(secret.name))?;
        require(action, [output.arn()]).map_err(|failure| failure.about(secret.name))
    }

    /// Removes a secret's replicas; a secret that has replicas cannot be deleted.
    pub(crate) async fn remove_replicas(
        &self,
        secret: Address<'_>,
        regions: Vec<String>,
    ) -> Result<(), Failure> {
        tracing::debug!(secret = secret.name, "RemoveRegionsFromReplication");
        let call = self
            .client
            .remove_regions_from_replication()
            .secret_id(secret.arn);
        let action = "secretsmanager:RemoveRegionsFromReplication";
        let output = call.set_remove_replica_regions(Some(regions)).send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(secret.name))?;
        require(action, [output.arn()]).map_err(|failure| failure.about(secret.name))
    }

    fn replicas(&self) -> Option<Vec<ReplicaRegionType>> {
        let regions = self.replica_regions.iter();
        let replicas: Vec<_> = regions
            .map(|region| ReplicaRegionType::builder().region(region).build())
            .collect();
        Some(replicas).filter(|replicas| !replicas.is_empty())
    }

    /// The tags of the index, and those that every secret of the store has.
    fn all_tags(&self, index: Vec<Tag>) -> Vec<SdkTag> {
        let managed_by = (MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
        let tags = std::iter::once(managed_by)
            .chain(self.extra_tags.iter().cloned())
            .chain(index);
        tags.map(|(key, value)| SdkTag::builder().key(key).value(value).build())
            .collect()
    }
}

async fn wait_for_turn(limit: &RateLimit, name: &str) -> Result<(), Failure> {
    let turn = limit.acquire().await;
    turn.map_err(|failure| failure.about(name))
}
