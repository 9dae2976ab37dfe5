//! One secret: its versions, staging labels and tags.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock;
use crate::support::aws_rules::limits::{KEPT, check_versions};
use crate::support::aws_rules::{Described, Refusal};

pub const CURRENT: &str = "AWSCURRENT";
pub const PREVIOUS: &str = "AWSPREVIOUS";

#[derive(Clone, Debug)]
pub struct Secret {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub kms_key_id: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// The oldest first.
    pub versions: Vec<Version>,
    pub replicas: Vec<String>,
    pub deletion: Option<Deletion>,
    pub created: Duration,
    pub changed: Duration,
}

#[derive(Clone, Debug)]
pub struct Version {
    pub id: String,
    pub content: Content,
    pub stages: BTreeSet<String>,
    pub created: Duration,
}

/// `SecretString` or `SecretBinary`, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Text(String),
    Binary(String),
}

/// The secret is marked for deletion.
#[derive(Clone, Copy, Debug)]
pub struct Deletion {
    pub gone_at: Duration,
    /// It cannot be called off.
    pub by_force: bool,
}

impl Content {
    pub fn of(body: &Value) -> Option<Self> {
        let member = |name: &str| body[name].as_str().map(str::to_owned);
        let text = member("SecretString").map(Content::Text);
        text.or_else(|| member("SecretBinary").map(Content::Binary))
    }

    fn add_to(&self, body: &mut Value) {
        match self {
            Content::Text(text) => body["SecretString"] = json!(text),
            Content::Binary(binary) => body["SecretBinary"] = json!(binary),
        }
    }
}

impl Secret {
    pub fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    pub fn staged(&self, stage: &str) -> Option<&Version> {
        let mut versions = self.versions.iter();
        versions.find(|version| version.stages.contains(stage))
    }

    /// The text of the current version.
    pub fn text(&self) -> Option<&str> {
        match &self.staged(CURRENT)?.content {
            Content::Text(text) => Some(text),
            Content::Binary(_) => None,
        }
    }

    /// Refuses what cannot be done with a secret that is marked for deletion.
    pub fn check_not_marked(&self) -> Result<(), Refusal> {
        match self.deletion {
            None => Ok(()),
            Some(_) => Err(Refusal::marked()),
        }
    }

    /// Adds a version with these staging labels, if the secret has fewer than `most` young ones.
    pub fn add_version(
        &mut self,
        id: &str,
        content: Content,
        stages: &[String],
        now: Duration,
        most: usize,
    ) -> Result<(), Refusal> {
        let is_kept =
            |version: &Version| !version.stages.is_empty() || version.created + KEPT > now;
        self.versions.retain(is_kept);
        let young = |version: &&Version| version.created + KEPT > now;
        check_versions(self.versions.iter().filter(young).count(), most)?;
        self.versions.push(Version {
            id: id.to_owned(),
            content,
            stages: BTreeSet::new(),
            created: now,
        });
        for stage in stages {
            self.move_stage(stage, id);
        }
        self.changed = now;
        Ok(())
    }

    /// Moves a staging label to a version. What was current becomes the previous one.
    pub fn move_stage(&mut self, stage: &str, to: &str) {
        let from = self.staged(stage).map(|version| version.id.clone());
        if from.as_deref() == Some(to) {
            return;
        }
        self.remove_stage(stage);
        if stage == CURRENT
            && let Some(from) = from
        {
            self.remove_stage(PREVIOUS);
            self.add_stage(PREVIOUS, &from);
        }
        self.add_stage(stage, to);
    }

    pub fn remove_stage(&mut self, stage: &str) {
        for version in &mut self.versions {
            version.stages.remove(stage);
        }
    }

    fn add_stage(&mut self, stage: &str, to: &str) {
        let version = self.versions.iter_mut().find(|version| version.id == to);
        if let Some(version) = version {
            version.stages.insert(stage.to_owned());
        }
    }

    /// What GetSecretValue returns of a version.
    pub fn value(&self, version: &Version) -> Value {
        let mut body = json!({
            "ARN": self.arn,
            "Name": self.name,
            "VersionId": version.id,
            "VersionStages": version.stages,
            "CreatedDate": clock::epoch_seconds(version.created),
        });
        version.content.add_to(&mut body);
        body
    }

    /// What DescribeSecret returns.
    pub fn description(&self) -> Value {
        let staged = self
            .versions
            .iter()
            .filter(|version| !version.stages.is_empty());
        let stages: BTreeMap<_, _> = staged
            .map(|version| (&version.id, &version.stages))
            .collect();
        let tags: Vec<_> = self
            .tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        let mut body = json!({
            "ARN": self.arn,
            "Name": self.name,
            "Description": self.description,
            "KmsKeyId": self.kms_key_id,
            "CreatedDate": clock::epoch_seconds(self.created),
            "LastChangedDate": clock::epoch_seconds(self.changed),
            "Tags": tags,
            "VersionIdsToStages": stages,
        });
        if let Some(deletion) = self.deletion {
            body["DeletedDate"] = json!(clock::epoch_seconds(deletion.gone_at));
        }
        if !self.replicas.is_empty() {
            body["ReplicationStatus"] = self.replication_status();
        }
        body
    }

    pub fn replication_status(&self) -> Value {
        let replicas = self.replicas.iter();
        let status = replicas.map(|region| json!({"Region": region, "Status": "InSync"}));
        status.collect()
    }
}

impl Described for Secret {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.tags.iter();
        tags.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn staging_labels(&self) -> impl Iterator<Item = &str> {
        let labels = self.versions.iter().flat_map(|version| &version.stages);
        labels.map(String::as_str)
    }
}
