//! The calls that read.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretValueEntry};

use super::{Description, Page, SecretsManager, TOMBSTONE, Value, require, tags_of, time_of};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::token::builder::wiped;

/// ListSecrets returns at most 100 secrets a page ([API reference]).
///
/// [API reference]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
const PAGE_LIMIT: i32 = 100;

impl SecretsManager {
    /// The current value of a secret.
    pub(crate) async fn get(&self, name: &str) -> Result<Value, Failure> {
        self.get_stage(name, "AWSCURRENT").await
    }

    /// The value of the version with this staging label.
    pub(crate) async fn get_stage(&self, name: &str, stage: &str) -> Result<Value, Failure> {
        let call = self.client.get_secret_value().version_stage(stage);
        self.get_value(name, call).await
    }

    /// The value of the version with this id.
    pub(crate) async fn get_version(&self, name: &str, version: &str) -> Result<Value, Failure> {
        let call = self.client.get_secret_value().version_id(version);
        self.get_value(name, call).await
    }

    async fn get_value(
        &self,
        name: &str,
        call: GetSecretValueFluentBuilder,
    ) -> Result<Value, Failure> {
        tracing::debug!(secret = name, "GetSecretValue");
        let action = "secretsmanager:GetSecretValue";
        match call.secret_id(name).send().await {
            Ok(output) => {
                require(action, [output.name(), output.version_id()])
                    .map_err(|failure| failure.about(name))?;
                Ok(output.into())
            }
            Err(error) => {
                let failure = Failure::of(action, error);
                match failure.reason {
                    Reason::NotFound => Ok(Value::NotFound),
                    Reason::Deleted => Ok(Value::Deleted),
                    _ => Err(failure.about(name)),
                }
            }
        }
    }

    /// The current values of at most [`BATCH_LIMIT`](super::BATCH_LIMIT) secrets, by name. Secrets
    /// without a readable value are missing in the result.
    pub(crate) async fn batch_get(
        &self,
        names: Vec<String>,
    ) -> Result<Vec<(String, Value)>, Failure> {
        tracing::debug!(secrets = names.len(), "BatchGetSecretValue");
        let call = self.client.batch_get_secret_value();
        let output = call.set_secret_id_list(Some(names)).send().await;
        let action = "secretsmanager:BatchGetSecretValue";
        let output = output.map_err(|error| Failure::of(action, error))?;
        if output.secret_values.is_none() && output.errors.is_none() {
            return Err(Failure::foreign(action));
        }
        let values = output.secret_values.unwrap_or_default().into_iter();
        Ok(values.filter_map(named_value).collect())
    }

    pub(crate) async fn describe(&self, name: &str) -> Result<Description, Failure> {
        tracing::debug!(secret = name, "DescribeSecret");
        let action = "secretsmanager:DescribeSecret";
        let output = self.client.describe_secret().secret_id(name).send().await;
        let output = output.map_err(|error| Failure::of(action, error).about(name))?;
        require(action, [output.arn(), output.name()]).map_err(|failure| failure.about(name))?;
        Ok(output.into())
    }

    /// One page of the secrets under a prefix that have a tag with one of these values.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        tag_values: Vec<String>,
        page: Option<String>,
    ) -> Result<Page, Failure> {
        tracing::debug!(prefix, "ListSecrets");
        let filter = |key, values| Filter::builder().key(key).set_values(Some(values)).build();
        let call = self
            .client
            .list_secrets()
            .filters(filter(FilterNameStringType::Name, vec![prefix.to_owned()]))
            .filters(filter(FilterNameStringType::TagValue, tag_values))
            .max_results(PAGE_LIMIT)
            .set_next_token(page);
        let output = call.send().await;
        let action = "secretsmanager:ListSecrets";
        let output = output.map_err(|error| Failure::of(action, error))?;
        // Taken for an empty list, it would mean that there are no tokens.
        let Some(secrets) = &output.secret_list else {
            return Err(Failure::foreign(action));
        };
        let secrets = secrets.iter();
        Ok(Page {
            secrets: secrets
                .filter_map(|secret| Some((secret.name()?.to_owned(), tags_of(secret.tags()))))
                .collect(),
            next: output.next_token,
        })
    }
}

impl From<GetSecretValueOutput> for Value {
    fn from(output: GetSecretValueOutput) -> Self {
        let arn = output.arn.unwrap_or_default();
        let version = output.version_id.unwrap_or_default();
        value(arn, output.secret_string, version, output.created_date)
    }
}

fn named_value(entry: SecretValueEntry) -> Option<(String, Value)> {
    let version = entry.version_id?;
    let value = value(entry.arn?, entry.secret_string, version, entry.created_date);
    Some((entry.name?, value))
}

fn value(arn: String, text: Option<String>, version: String, created: Option<DateTime>) -> Value {
    match text {
        Some(text) => Value::Text {
            arn,
            text: wiped(text),
            version,
            created: time_of(created),
        },
        None => Value::Binary { version },
    }
}

impl From<DescribeSecretOutput> for Description {
    fn from(output: DescribeSecretOutput) -> Self {
        let versions = output.version_ids_to_stages.unwrap_or_default();
        let with_label = |label: &str| {
            let mut versions = versions.iter();
            let version = versions.find(|(_, labels)| labels.iter().any(|own| own == label));
            version.map(|(version, _)| version.clone())
        };
        let replicas = output.replication_status.unwrap_or_default().into_iter();
        Description {
            tags: tags_of(output.tags.as_deref().unwrap_or_default()),
            arn: output.arn.unwrap_or_default(),
            tombstone: with_label(TOMBSTONE),
            previous_version: with_label("AWSPREVIOUS"),
            current_version: with_label("AWSCURRENT"),
            versions: versions.keys().cloned().collect(),
            labels: versions.into_iter().collect(),
            is_deleted: output.deleted_date.is_some(),
            kms_key_id: output.kms_key_id,
            created: time_of(output.created_date),
            changed: time_of(output.last_changed_date),
            deleted: time_of(output.deleted_date),
            replica_regions: replicas.filter_map(|replica| replica.region).collect(),
        }
    }
}
