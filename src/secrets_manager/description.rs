//! What AWS says about a record's secret, without its value.

use std::time::SystemTime;

/// The secret of a record as AWS describes it, for operators; returned by
/// [`describe`](crate::SecretsManagerTokenStore::describe).
///
/// It contains no value of the record. Secrets Manager is eventually consistent: a change of the last
/// seconds may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The record's id.
    pub id: String,
    /// The secret's name.
    pub secret_name: String,
    /// The secret's ARN.
    pub arn: String,
    /// The KMS key of the secret; `None` is the key `aws/secretsmanager`.
    pub kms_key_id: Option<String>,
    /// When the secret was created.
    pub created_at: Option<SystemTime>,
    /// When the secret was last changed: its value, its tags, or its deletion.
    pub changed_at: Option<SystemTime>,
    /// When the secret was marked for deletion; `None` if it is not.
    pub deleted_at: Option<SystemTime>,
    /// Whether the current version holds no token, because the record was deleted.
    pub is_tombstone: bool,
    /// The tags, by key.
    pub tags: Vec<(String, String)>,
    /// The regions that have a replica of the secret.
    pub replica_regions: Vec<String>,
    /// The versions, newest first.
    pub versions: Vec<VersionDescription>,
}

/// A version in a [`Description`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionDescription {
    /// The version's id.
    pub id: String,
    /// When it was put; `None` if AWS did not allow `secretsmanager:ListSecretVersionIds`.
    pub created_at: Option<SystemTime>,
    /// Its staging labels, for example `AWSCURRENT`.
    pub labels: Vec<String>,
}

/// A record that was deleted and whose secret still exists; streamed by
/// [`deleted`](crate::SecretsManagerTokenStore::deleted).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletedRecord {
    /// The record's id.
    pub id: String,
    /// When the secret was marked for deletion.
    pub deleted_at: SystemTime,
}
