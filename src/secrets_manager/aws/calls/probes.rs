//! Calls for `check` that change nothing.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag as SdkTag};

use super::{Address, SecretsManager, tags_of};
use crate::secrets_manager::aws::failure::Failure;
use crate::secrets_manager::format::tags::{INDEX_PREFIX, MANAGED_BY, Tag};

/// An entry of ListSecrets.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) tags: Vec<Tag>,
    /// The KMS key; `None` is `aws/secretsmanager`.
    pub(crate) kms_key: Option<String>,
}

impl SecretsManager {
    /// One page of the secrets with the store's tag, under any prefix if `prefix` is `None`, and
    /// whether there are more.
    pub(crate) async fn entries(
        &self,
        prefix: Option<&str>,
    ) -> Result<(Vec<Entry>, bool), Failure> {
        let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
        let name = prefix.map(|prefix| filter(FilterNameStringType::Name, prefix));
        let managed = filter(FilterNameStringType::TagValue, MANAGED_BY.1);
        let call = self.client.list_secrets().max_results(100);
        let call = call.set_filters(Some(name.into_iter().chain([managed]).collect()));
        let output = call.send().await;
        let output = output.map_err(|error| Failure::of("secretsmanager:ListSecrets", error))?;
        let more = output.next_token.is_some();
        let entries = output.secret_list.unwrap_or_default().into_iter();
        let entries = entries.filter_map(|entry| {
            Some(Entry {
                tags: tags_of(entry.tags()),
                name: entry.name?,
                kms_key: entry.kms_key_id,
            })
        });
        Ok((entries.collect(), more))
    }

    /// Gives a secret the tag that every secret of the store already has.
    pub(crate) async fn try_tag(&self, secret: Address<'_>) -> Result<(), Failure> {
        let tag = SdkTag::builder()
            .key(MANAGED_BY.0)
            .value(MANAGED_BY.1)
            .build();
        let call = self.client.tag_resource().secret_id(secret.arn);
        let tagged = call.tags(tag).send().await.map(drop);
        tagged.map_err(|error| Failure::of("secretsmanager:TagResource", error).about(secret.name))
    }

    /// Removes a tag that no secret has, which is no error ([API reference]).
    ///
    /// [API reference]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html
    pub(crate) async fn try_untag(&self, secret: Address<'_>) -> Result<(), Failure> {
        let call = self.client.untag_resource().secret_id(secret.arn);
        let untagged = call.tag_keys(format!("{INDEX_PREFIX}check")).send().await;
        let untagged = untagged.map(drop);
        let failed = |error| Failure::of("secretsmanager:UntagResource", error).about(secret.name);
        untagged.map_err(failed)
    }
}
