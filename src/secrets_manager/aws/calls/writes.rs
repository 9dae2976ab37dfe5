//! The calls that write. Each waits until its rate limit allows it.

use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag as SdkTag};
use secrecy::{ExposeSecret, SecretString};

use super::{SecretsManager, require};
use crate::secrets_manager::Deletion;
use crate::secrets_manager::aws::failure::Failure;
use crate::secrets_manager::format::tags::{MANAGED_BY, Tag};

const DESCRIPTION: &str = "An OAuth token for Zoho, kept by zoho-token-store";

impl SecretsManager {
    pub(crate) async fn create(
        &self,
        name: &str,
        document: &SecretString,
        tags: Vec<Tag>,
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
            .client_request_token(request_token);
        let action = "secretsmanager:CreateSecret";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn(), output.version_id()]).map_err(|failure| failure.about(name))
    }

    /// Puts a value under this version id. Returns whether AWS says that it is the current version.
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
            .client_request_token(version);
        let action = "secretsmanager:PutSecretValue";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn(), output.version_id()])
            .map_err(|failure| failure.about(name))?;
        let mut stages = output.version_stages().iter();
        Ok(stages.any(|stage| stage == "AWSCURRENT"))
    }

    pub(crate) async fn tag(&self, name: &str, tags: Vec<Tag>) -> Result<(), Failure> {
        self.rate_limits.tag.acquire().await;
        tracing::debug!(secret = name, "TagResource");
        let call = self.client.tag_resource().secret_id(name);
        match call.set_tags(Some(self.all_tags(tags))).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of("secretsmanager:TagResource", error).about(name)),
        }
    }

    pub(crate) async fn restore(&self, name: &str) -> Result<(), Failure> {
        self.rate_limits.restore.acquire().await;
        tracing::debug!(secret = name, "RestoreSecret");
        let action = "secretsmanager:RestoreSecret";
        let output = self.client.restore_secret().secret_id(name).send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn(), output.name()]).map_err(|failure| failure.about(name))
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Failure> {
        self.rate_limits.delete.acquire().await;
        tracing::debug!(secret = name, "DeleteSecret");
        let call = self.client.delete_secret().secret_id(name);
        let call = match self.deletion {
            Deletion::RecoveryWindow { days } => call.recovery_window_in_days(days.into()),
            Deletion::Force => call.force_delete_without_recovery(true),
        };
        let action = "secretsmanager:DeleteSecret";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn(), output.name()]).map_err(|failure| failure.about(name))
    }

    /// Gives a secret the replicas that every secret of the store has.
    pub(crate) async fn replicate(&self, name: &str) -> Result<(), Failure> {
        let Some(replicas) = self.replicas() else {
            return Ok(());
        };
        tracing::debug!(secret = name, "ReplicateSecretToRegions");
        let call = self.client.replicate_secret_to_regions().secret_id(name);
        let action = "secretsmanager:ReplicateSecretToRegions";
        let output = call.set_add_replica_regions(Some(replicas)).send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn()]).map_err(|failure| failure.about(name))
    }

    /// Removes a secret's replicas; a secret that has replicas cannot be deleted.
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
        let action = "secretsmanager:RemoveRegionsFromReplication";
        let output = call.set_remove_replica_regions(Some(regions)).send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn()]).map_err(|failure| failure.about(name))
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
