//! The calls that the store makes to Secrets Manager, in the store's own types.

pub(crate) mod probes;
mod reads;
pub(crate) mod versions;
mod writes;

use std::time::SystemTime;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::Tag as SdkTag;
use secrecy::SecretString;

use super::failure::Failure;
use super::rate_limit::RateLimits;
use crate::secrets_manager::aws::deletion::Deletion;
use crate::secrets_manager::format::tags::{Tag, is_managed};

/// BatchGetSecretValue takes at most 20 ids ([API reference]).
///
/// [API reference]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
pub(crate) const BATCH_LIMIT: usize = 20;

/// The staging label of tombstones. It tells of a secret that is marked for deletion, whose value
/// cannot be read, that it holds no token.
pub(crate) const TOMBSTONE: &str = "zoho-token-store-tombstone";

/// A Secrets Manager client, with the settings that concern calls.
pub(crate) struct SecretsManager {
    pub(crate) client: Client,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) extra_tags: Vec<Tag>,
    pub(crate) replica_regions: Vec<String>,
    pub(crate) deletion: Deletion,
    pub(crate) rate_limits: RateLimits,
}

/// A secret that was read or created before: its name, for errors, and its ARN, for calls.
///
/// Calls that change a secret address it by the ARN that was read. The ARN ends in six random
/// characters, so a late call does not reach a secret that was deleted and created again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    pub(crate) name: &'a str,
    pub(crate) arn: &'a str,
}

/// What AWS says about a version that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutOutcome {
    Current,
    /// The version was put before, and another one is current now.
    Outdated,
    /// The version was put before. AWS does not say which one is current.
    Unknown,
}

/// The value of a secret, or why there is none.
#[derive(Debug)]
pub(crate) enum Value {
    Text {
        arn: String,
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

/// What DescribeSecret says about a secret.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    /// All versions that have a staging label.
    pub(crate) versions: Vec<String>,
    /// The version with the staging label [`TOMBSTONE`].
    pub(crate) tombstone: Option<String>,
    /// The version with the staging label AWSPREVIOUS.
    pub(crate) previous_version: Option<String>,
    /// The version with the staging label AWSCURRENT.
    pub(crate) current_version: Option<String>,
    /// Whether the secret is marked for deletion.
    pub(crate) is_deleted: bool,
    pub(crate) replica_regions: Vec<String>,
    /// All versions that have a staging label, with their labels.
    pub(crate) labels: Vec<(String, Vec<String>)>,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) created: Option<SystemTime>,
    pub(crate) changed: Option<SystemTime>,
    /// When the secret was marked for deletion.
    pub(crate) deleted: Option<SystemTime>,
}

impl Description {
    /// Whether the secret has the tag of this crate's stores.
    pub(crate) fn is_managed(&self) -> bool {
        is_managed(&self.tags)
    }
}

/// One page of ListSecrets: names with tags, and the token of the next page.
pub(crate) struct Page {
    pub(crate) secrets: Vec<(String, Vec<Tag>)>,
    pub(crate) next: Option<String>,
}

impl Failure {
    fn about(mut self, name: &str) -> Self {
        self.error = self.error.about_secret(name);
        self
    }
}

/// Checks that a response has what Secrets Manager always returns. Another server's 200 does not.
fn require<const N: usize>(action: &'static str, fields: [Option<&str>; N]) -> Result<(), Failure> {
    let given = |field: &Option<&str>| field.is_some_and(|text| !text.is_empty());
    match fields.iter().all(given) {
        true => Ok(()),
        false => Err(Failure::foreign(action)),
    }
}

fn time_of(date: Option<DateTime>) -> Option<SystemTime> {
    SystemTime::try_from(date?).ok()
}

fn tags_of(tags: &[SdkTag]) -> Vec<Tag> {
    let pairs = tags
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    pairs.collect()
}
