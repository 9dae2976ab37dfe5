//! Tagging every record anew: after a change of the fingerprint key, or when the index is wrong.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_secretsmanager::types::Tag;
use futures::{StreamExt, TryStreamExt, stream};

use crate::secrets_manager::Core;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::ops::bulk::{CALLS_AT_ONCE, Read, gather};
use crate::secrets_manager::ops::find::Slot;
use crate::{Error, ErrorKind};

impl Core {
    /// Gives every record the tags that it should have, and answers how many needed that.
    pub(crate) async fn reindex(self: &Arc<Self>) -> Result<usize, Error> {
        if !self.tag_index {
            return Err(
                Error::new(ErrorKind::InvalidConfig, "the tag index is switched off")
                    .advise("switch it on (ZOHO_TOKEN_STORE_TAG_INDEX=on) to have it built"),
            );
        }
        let listed: HashMap<String, Vec<Tag>> = self.listed().try_collect().await?;
        let ids: Vec<_> = listed.keys().cloned().map(Ok).collect();
        let tagged = self
            .read_all(stream::iter(ids))
            .map(async |read| {
                let (id, slot): Read = read?;
                let tags = listed.get(&id).map(Vec::as_slice).unwrap_or_default();
                self.tag_anew(&id, slot, tags).await
            })
            .buffer_unordered(CALLS_AT_ONCE);
        let mut count = 0;
        gather(tagged, |tagged_anew| count += usize::from(tagged_anew)).await?;
        Ok(count)
    }

    /// Tags one record, unless its tags are right. Answers whether they were not.
    async fn tag_anew(&self, id: &str, mut slot: Slot, listed: &[Tag]) -> Result<bool, Error> {
        let name = self.names.name_of(id)?;
        let fingerprints = self.fingerprints().await?;
        let has = |(key, value): &(String, String)| {
            listed
                .iter()
                .any(|tag| tag.key() == Some(key.as_str()) && tag.value() == Some(value.as_str()))
        };
        let mut tagged = None;
        while let Slot::Record(entry) = &slot {
            let tags = fingerprints.tags(&entry.token);
            // What another process saved meanwhile may have had its tags overwritten here: only a
            // record that is the same after as before has the right ones.
            let settled = tagged.as_ref() == Some(&entry.version);
            if settled || (tagged.is_none() && tags.iter().all(has)) {
                break;
            }
            let version = entry.version.clone();
            match self.api.tag(&name, tags).await {
                Ok(()) => tagged = Some(version),
                Err(Failure {
                    reason: Reason::NotFound | Reason::Deleted,
                    ..
                }) => break,
                Err(failure) => return Err(failure.error),
            }
            slot = self.read_now(id).await?;
        }
        Ok(tagged.is_some())
    }
}
