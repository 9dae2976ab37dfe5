//! What AWS says about secrets: one that is described, and those that are marked for deletion.

use std::sync::Arc;

use futures::{Stream, StreamExt, stream};

use super::core::Core;
use crate::Error;
use crate::secrets_manager::aws::calls::versions::Version;
use crate::secrets_manager::aws::failure::Reason;
use crate::secrets_manager::description::{DeletedRecord, Description, VersionDescription};

/// Describes the secret of the record with this id. Returns `None` if there is no such secret.
pub(crate) async fn describe(core: &Core, id: &str) -> Result<Option<Description>, Error> {
    let name = core.names.name_of(id)?;
    let described = match core.aws.describe(&name).await {
        Ok(described) => described,
        Err(failure) if failure.reason == Reason::NotFound => return Ok(None),
        Err(failure) => return Err(failure.error),
    };
    let mut versions = match core.aws.versions(&name).await {
        Ok(versions) => versions,
        // The description has the versions with a staging label, without times.
        Err(failure) if matches!(failure.reason, Reason::Denied | Reason::Deleted) => {
            let labelled = described.labels.iter().cloned();
            let version = |(id, labels)| Version {
                id,
                labels,
                created: None,
            };
            labelled.map(version).collect()
        }
        Err(failure) if failure.reason == Reason::NotFound => return Ok(None),
        Err(failure) => return Err(failure.error),
    };
    versions.sort_by_key(|version| {
        let is_current = version.labels.iter().any(|label| label == "AWSCURRENT");
        std::cmp::Reverse((is_current, version.created))
    });
    let mut tags = described.tags;
    tags.sort_unstable();
    let current = described.current_version;
    Ok(Some(Description {
        id: id.to_owned(),
        secret_name: name,
        arn: described.arn,
        kms_key_id: described.kms_key_id,
        created_at: described.created,
        changed_at: described.changed,
        deleted_at: described.deleted,
        is_tombstone: current.is_some() && described.tombstone == current,
        tags,
        replica_regions: described.replica_regions,
        versions: versions
            .into_iter()
            .map(|version| VersionDescription {
                id: version.id,
                created_at: version.created,
                labels: version.labels,
            })
            .collect(),
    }))
}

/// The records whose secrets are marked for deletion.
pub(crate) fn deleted(
    core: &Arc<Core>,
) -> impl Stream<Item = Result<DeletedRecord, Error>> + Send + use<> {
    let core = core.clone();
    stream::unfold(Some(None), move |page: Option<Option<String>>| {
        let core = core.clone();
        async move {
            let page = page?;
            let listed = core.aws.list_deleted(core.names.prefix(), page).await;
            let (records, next) = match listed {
                Ok(listed) => {
                    let records = listed.secrets.into_iter().filter_map(|(name, deleted_at)| {
                        let id = core.names.id_of(&name)?;
                        Some(Ok(DeletedRecord { id, deleted_at }))
                    });
                    (records.collect(), listed.next.map(Some))
                }
                Err(failure) => (vec![Err(failure.error)], None),
            };
            Some((stream::iter(records), next))
        }
    })
    .flatten()
}
