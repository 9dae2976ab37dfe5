//! Lookups: the record that a partial token denotes, in as few calls as possible.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::{try_join, try_join_all};

use super::core::{Core, Found};
use super::lookup_plan::{self, Denoted, LookupPlan};
use super::query::Query;
use super::read::{self, Reads};
use crate::secrets_manager::format::fingerprint::Fingerprints;
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::secrets_manager::format::tags::{self, is_managed};
use crate::{Error, ErrorKind, Field, OAuthToken, matching};

/// The result of a lookup that a save builds on.
pub(crate) struct Lookup {
    pub(crate) denoted: Option<Denoted>,
    /// The slots that were read on the way, by id.
    slots: HashMap<String, Slot>,
}

impl Lookup {
    /// The id for a new record, and the slot that it has now.
    pub(crate) fn vacancy(
        &self,
        token: &OAuthToken,
        fingerprints: &Fingerprints,
        occupied: &[String],
    ) -> Option<(String, Slot)> {
        lookup_plan::vacancy(&self.slots, token, fingerprints, occupied)
    }
}

/// Returns the record that the partial token denotes, for a token that is not cached.
pub(crate) async fn find_uncached(core: &Arc<Core>, partial: &OAuthToken) -> Found {
    let found = if core.cache.is_off() {
        // Without a cache, a lookup returns what AWS holds from now on. A read that another task
        // has started may be older.
        find(core, partial, Reads::Own).await
    } else if partial.id().is_some() {
        find(core, partial, Reads::Shared).await
    } else {
        // A lookup is shared only with lookups that start before the next write of this process:
        // those that start after it must see it.
        let key = (Query(partial.clone()), core.cache.generation_of_all());
        let found = core.lookups.join(key, || {
            let (core, partial) = (core.clone(), partial.clone());
            async move { find(&core, &partial, Reads::Shared).await }
        });
        match found.await {
            Some(found) => found,
            None => find(core, partial, Reads::Own).await,
        }
    };
    or_last_known(core, found, partial)
}

async fn find(core: &Arc<Core>, partial: &OAuthToken, reads: Reads) -> Found {
    let lookup = look_up(core, partial, reads).await?;
    Ok(lookup.denoted.map(|denoted| denoted.record))
}

/// Replaces a failure to reach AWS by the last known record, if the settings allow it.
fn or_last_known(core: &Core, found: Found, partial: &OAuthToken) -> Found {
    let error = match found {
        Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled) => {
            error
        }
        found => return found,
    };
    let record = core
        .cache
        .last_known(partial)
        .ok_or_else(|| error.clone())?;
    let age = core.cache.now().wall.duration_since(record.asked.wall);
    let age_seconds = age.unwrap_or_default().as_secs();
    tracing::warn!(id = record.id(), age_seconds, %error, "serving the last known record");
    Ok(Some(record))
}

/// Returns the record that the token denotes, and what was read to find it.
pub(crate) async fn look_up(
    core: &Arc<Core>,
    partial: &OAuthToken,
    reads: Reads,
) -> Result<Lookup, Error> {
    if let Some(id) = partial.id() {
        let slot = read::read(core, id, reads).await?;
        let denoted = match &slot {
            Slot::Record(record) => Some(Denoted {
                record: record.clone(),
                decided_by: Field::Id,
            }),
            Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => None,
        };
        return Ok(Lookup {
            denoted,
            slots: HashMap::from([(id.to_owned(), slot)]),
        });
    }

    let (since, generations) = (core.cache.now(), core.cache.generations_of_query(partial));
    let fingerprints = core.fingerprints().await?;
    let mut plan = LookupPlan::new(fingerprints, partial);
    // The usual lookup ends here: one read, by the name derived from the strongest field.
    let first = plan.next_derived().into_iter().take(1);
    plan.learn(read_each(core, partial, reads, first).await?);
    if !plan.is_decided() {
        read_the_rest(core, &mut plan, fingerprints, partial, reads).await?;
    }

    let denoted = plan.denoted();
    if let Some(Denoted { record, decided_by }) = &denoted {
        let generation = generations
            .into_iter()
            .find(|(field, _)| field == decided_by);
        if let Some((field, generation)) = generation {
            core.cache
                .answered(partial, field, record.id(), generation, since);
        }
    }
    Ok(Lookup {
        denoted,
        slots: plan.into_slots(),
    })
}

/// Reads the derived names of all other fields and the tag index at the same time, then the records
/// that the index names.
async fn read_the_rest(
    core: &Arc<Core>,
    plan: &mut LookupPlan<'_>,
    fingerprints: &Fingerprints,
    partial: &OAuthToken,
    reads: Reads,
) -> Result<(), Error> {
    let unread = |plan: &LookupPlan<'_>, candidates: Vec<String>| {
        let mut ids = plan.next_derived();
        ids.extend(candidates);
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| !plan.has_read(id));
        ids
    };
    let recent = unread(plan, core.cache.recent_candidates(partial));
    let by_name = read_each(core, partial, reads, recent.into_iter());
    let by_tag = async {
        match core.tag_index {
            true => tagged(core, tags::lookup_values(fingerprints, partial)).await,
            false => Ok(Vec::new()),
        }
    };
    let (slots, mut candidates) = try_join(by_name, by_tag).await?;
    plan.learn(slots);
    let tagged = candidates.clone();
    while !plan.is_decided() {
        let ids = unread(plan, std::mem::take(&mut candidates));
        if ids.is_empty() {
            break;
        }
        plan.learn(read_each(core, partial, reads, ids.into_iter()).await?);
    }
    match reads {
        Reads::Shared => Ok(()),
        Reads::Own => read_missing_again(core, plan, tagged).await,
    }
}

/// Makes sure that secrets which the index shows and reads do not find are really missing: a save
/// that missed a record would insert it a second time.
async fn read_missing_again(
    core: &Core,
    plan: &mut LookupPlan<'_>,
    tagged: Vec<String>,
) -> Result<(), Error> {
    if plan.denoted().is_some() {
        return Ok(());
    }
    for id in tagged {
        if !plan.is_missing(&id) {
            continue;
        }
        let slot = read::read_surely(core, &id).await?;
        plan.learn(vec![(id, slot)]);
    }
    Ok(())
}

/// Reads these records. A record is taken from the cache only if it matches in the strongest field:
/// if it matches in a weaker one, another process may have made it a better match since.
async fn read_each(
    core: &Arc<Core>,
    partial: &OAuthToken,
    reads: Reads,
    ids: impl Iterator<Item = String>,
) -> Result<Vec<(String, Slot)>, Error> {
    let strongest = matching::identifying_fields(partial).next();
    let matches = |record: &Arc<StoredRecord>| {
        strongest.is_some_and(|field| matching::matches(partial, &record.token, field))
    };
    let read = async |id: String| {
        let slot = match core.cache.record(&id).filter(matches) {
            Some(record) => Slot::Record(record),
            None => read::read_by_name(core, &id, reads).await?,
        };
        Ok((id, slot))
    };
    try_join_all(ids.map(read)).await
}

/// The ids of the store's secrets that have a tag with one of these values.
async fn tagged(core: &Core, tag_values: Vec<String>) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    let mut next = None;
    loop {
        let listed = core
            .aws
            .list(core.names.prefix(), tag_values.clone(), next)
            .await;
        let page = listed.map_err(|failure| failure.error)?;
        let own = page.secrets.iter().filter(|(_, tags)| is_managed(tags));
        ids.extend(own.filter_map(|(name, _)| core.names.id_of(name)));
        next = page.next;
        if next.is_none() {
            return Ok(ids);
        }
    }
}
