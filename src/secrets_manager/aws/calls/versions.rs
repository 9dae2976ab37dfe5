//! The calls that read what lookups do not need: the versions of a secret, and secrets that are
//! marked for deletion.

use std::time::SystemTime;

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

use super::{SecretsManager, require, tags_of, time_of};
use crate::secrets_manager::aws::failure::Failure;
use crate::secrets_manager::format::tags::{MANAGED_BY, is_managed};

/// ListSecretVersionIds and ListSecrets return at most 100 entries a page ([API reference]).
///
/// [API reference]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
const PAGE_LIMIT: i32 = 100;

/// A version of a secret, as ListSecretVersionIds shows it.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) labels: Vec<String>,
    pub(crate) created: Option<SystemTime>,
}

/// One page of secrets that are marked for deletion: names with the time of the deletion, and the
/// token of the next page.
pub(crate) struct DeletedPage {
    pub(crate) secrets: Vec<(String, SystemTime)>,
    pub(crate) next: Option<String>,
}

impl SecretsManager {
    /// All versions of a secret, also those without a staging label.
    pub(crate) async fn versions(&self, name: &str) -> Result<Vec<Version>, Failure> {
        let action = "secretsmanager:ListSecretVersionIds";
        let (mut versions, mut page) = (Vec::new(), None);
        loop {
            tracing::debug!(secret = name, "ListSecretVersionIds");
            let call = self.client.list_secret_version_ids().secret_id(name);
            let call = call.include_deprecated(true).max_results(PAGE_LIMIT);
            let output = call.set_next_token(page).send().await;
            let output = output.map_err(|error| Failure::of(action, error).about(name))?;
            require(action, [output.arn(), output.name()])
                .map_err(|failure| failure.about(name))?;
            let listed = output.versions.unwrap_or_default().into_iter();
            versions.extend(listed.filter_map(|version| {
                Some(Version {
                    id: version.version_id?,
                    labels: version.version_stages.unwrap_or_default(),
                    created: time_of(version.created_date),
                })
            }));
            page = output.next_token;
            if page.is_none() {
                return Ok(versions);
            }
        }
    }

    /// One page of this crate's secrets under a prefix that are marked for deletion.
    pub(crate) async fn list_deleted(
        &self,
        prefix: &str,
        page: Option<String>,
    ) -> Result<DeletedPage, Failure> {
        tracing::debug!(prefix, "ListSecrets");
        let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
        let call = self
            .client
            .list_secrets()
            .filters(filter(FilterNameStringType::Name, prefix))
            .filters(filter(FilterNameStringType::TagValue, MANAGED_BY.1))
            .include_planned_deletion(true)
            .max_results(PAGE_LIMIT)
            .set_next_token(page);
        let action = "secretsmanager:ListSecrets";
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of(action, error))?;
        let Some(secrets) = &output.secret_list else {
            return Err(Failure::foreign(action));
        };
        let own = secrets
            .iter()
            .filter(|secret| is_managed(&tags_of(secret.tags())));
        let deleted = own.filter_map(|secret| {
            let deleted = time_of(secret.deleted_date)?;
            Some((secret.name()?.to_owned(), deleted))
        });
        Ok(DeletedPage {
            secrets: deleted.collect(),
            next: output.next_token,
        })
    }
}
