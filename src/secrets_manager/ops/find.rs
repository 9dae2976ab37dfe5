//! The read path: which record a partial token denotes, in as few calls as the question allows.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use futures::future::{try_join, try_join_all};
use secrecy::ExposeSecret;

use crate::secrets_manager::aws::calls::{Value, is_managed};
use crate::secrets_manager::cache::generations::Generation;
use crate::secrets_manager::clock::Moment;
use crate::secrets_manager::format::document::{self, Document};
use crate::secrets_manager::format::fingerprint::Fingerprints;
use crate::secrets_manager::format::stored_record::StoredRecord;
use crate::secrets_manager::ops::lookup_plan::{self, Denoted, LookupPlan};
use crate::secrets_manager::{Core, Found};
use crate::{Error, ErrorKind, Field, OAuthToken, matching};

/// What stands under one id.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Record(Arc<StoredRecord>),
    /// A secret that holds no token any more: its deletion was begun and not finished.
    Vacant {
        version: Arc<str>,
    },
    /// A secret that is marked for deletion.
    Deleted,
    Absent,
}

/// Whether a lookup may wait for reads that others have begun.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reads {
    Shared,
    /// Each is begun by the lookup itself. A save that relied on an earlier one could store a second
    /// time what another process has stored in between.
    Own,
}

/// What a lookup came to.
pub(crate) struct Lookup {
    pub(crate) denoted: Option<Denoted>,
    /// What was read on the way, by id.
    slots: HashMap<String, Slot>,
}

impl Lookup {
    /// The id for a new record, and what stands there.
    pub(crate) fn vacancy(
        &self,
        token: &OAuthToken,
        fingerprints: &Fingerprints,
    ) -> Option<(String, Slot)> {
        lookup_plan::vacancy(&self.slots, token, fingerprints)
    }
}

/// The state of cache and clocks when a read was begun.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    generation: Generation,
    at: Moment,
}

impl Core {
    /// The record that the partial token denotes, where the cache does not say.
    pub(crate) async fn find_uncached(self: &Arc<Self>, partial: &OAuthToken) -> Found {
        let found = if self.cache.is_off() {
            // Who wants no cache wants what AWS says from now on: a read that another one has begun
            // may be older.
            self.find(partial, Reads::Own).await
        } else if partial.id().is_some() {
            self.find(partial, Reads::Shared).await
        } else {
            // Only lookups that began after the last write here are shared: a later one must see it.
            let key = (Query(partial.clone()), self.cache.generation_of_all());
            let found = self.lookups.join(key, || {
                let (core, partial) = (self.clone(), partial.clone());
                async move { core.find(&partial, Reads::Shared).await }
            });
            found.await
        };
        self.or_last_known(found, partial)
    }

    async fn find(self: &Arc<Self>, partial: &OAuthToken, reads: Reads) -> Found {
        let lookup = self.look_up(partial, reads).await?;
        Ok(lookup.denoted.map(|denoted| denoted.entry))
    }

    /// Where AWS cannot be asked, the last known record instead, if that is wanted.
    fn or_last_known(&self, found: Found, partial: &OAuthToken) -> Found {
        let error = match found {
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled) => {
                error
            }
            found => return found,
        };
        let entry = self
            .cache
            .last_known(partial)
            .ok_or_else(|| error.clone())?;
        let age = self.cache.now().wall.duration_since(entry.asked.wall);
        let age_seconds = age.unwrap_or_default().as_secs();
        tracing::warn!(id = entry.id(), age_seconds, %error, "serving the last known record");
        Ok(Some(entry))
    }

    /// The record that the token denotes, and what was read to find out.
    pub(crate) async fn look_up(
        self: &Arc<Self>,
        partial: &OAuthToken,
        reads: Reads,
    ) -> Result<Lookup, Error> {
        if let Some(id) = partial.id() {
            let slot = self.read(id, reads).await?;
            let denoted = match &slot {
                Slot::Record(entry) => Some(Denoted {
                    entry: entry.clone(),
                    decided_by: Field::Id,
                }),
                Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => None,
            };
            return Ok(Lookup {
                denoted,
                slots: HashMap::from([(id.to_owned(), slot)]),
            });
        }

        let (since, generations) = (self.cache.now(), self.cache.generations_of_query(partial));
        let fingerprints = self.fingerprints().await?;
        let mut plan = LookupPlan::new(fingerprints, partial);
        // The usual lookup ends here: one read, by the name derived from the strongest field.
        let first = plan.next_derived().into_iter().take(1);
        plan.learn(self.read_each(partial, reads, first).await?);
        if !plan.is_decided() {
            self.walk_on(&mut plan, fingerprints, partial, reads)
                .await?;
        }

        let denoted = plan.denoted();
        if let Some(Denoted { entry, decided_by }) = &denoted {
            let generation = generations
                .into_iter()
                .find(|(field, _)| field == decided_by);
            if let Some((field, generation)) = generation {
                self.cache
                    .answered(partial, field, entry.id(), generation, since);
            }
        }
        Ok(Lookup {
            denoted,
            slots: plan.into_slots(),
        })
    }

    /// The derived names of all other fields and the tag index at once, then what these lead to.
    async fn walk_on(
        self: &Arc<Self>,
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
        let by_name = self.read_each(
            partial,
            reads,
            unread(plan, self.cache.recent_candidates(partial)).into_iter(),
        );
        let by_tag = async {
            match self.tag_index {
                true => self.tagged(fingerprints.lookup_values(partial)).await,
                false => Ok(Vec::new()),
            }
        };
        let (slots, mut candidates) = try_join(by_name, by_tag).await?;
        plan.learn(slots);
        while !plan.is_decided() {
            let ids = unread(plan, std::mem::take(&mut candidates));
            if ids.is_empty() {
                break;
            }
            plan.learn(self.read_each(partial, reads, ids.into_iter()).await?);
        }
        Ok(())
    }

    /// What stands under these ids. Only a record that matches in the strongest field is taken from
    /// the cache: with any other one another process may have made a better match of it.
    async fn read_each(
        self: &Arc<Self>,
        partial: &OAuthToken,
        reads: Reads,
        ids: impl Iterator<Item = String>,
    ) -> Result<Vec<(String, Slot)>, Error> {
        let strongest = matching::identifying_fields(partial).next();
        let matches = |entry: &Arc<StoredRecord>| {
            strongest.is_some_and(|field| matching::matches(partial, &entry.token, field))
        };
        let read = async |id: String| {
            let slot = match self.cache.record(&id).filter(matches) {
                Some(entry) => Slot::Record(entry),
                None => self.read_by_name(&id, reads).await?,
            };
            Ok((id, slot))
        };
        try_join_all(ids.map(read)).await
    }

    /// What stands under this id: from the cache, or by name.
    async fn read(self: &Arc<Self>, id: &str, reads: Reads) -> Result<Slot, Error> {
        match self.cache.record(id) {
            Some(entry) => Ok(Slot::Record(entry)),
            None => self.read_by_name(id, reads).await,
        }
    }

    async fn read_by_name(self: &Arc<Self>, id: &str, reads: Reads) -> Result<Slot, Error> {
        match reads {
            Reads::Shared => self.read_shared(id).await,
            Reads::Own => self.read_now(id).await,
        }
    }

    /// What stands under this id by name, in one call for all who ask at the same time.
    async fn read_shared(self: &Arc<Self>, id: &str) -> Result<Slot, Error> {
        let id: Arc<str> = id.into();
        let key = (id.clone(), self.cache.generation_of_record(&id));
        let read = self.reads.join(key, || {
            let core = self.clone();
            async move { core.read_now(&id).await }
        });
        read.await
    }

    /// What AWS says now stands under this id.
    pub(crate) async fn read_now(&self, id: &str) -> Result<Slot, Error> {
        let name = self.names.name_of(id)?;
        let asked = self.asking(id);
        let value = self.api.get(&name).await.map_err(|failure| failure.error)?;
        self.slot(id, &name, value, asked)
    }

    /// To be noted before a read, and given to [`Core::slot`] after it.
    pub(crate) fn asking(&self, id: &str) -> Asked {
        Asked {
            generation: self.cache.generation_of_record(id),
            at: self.cache.now(),
        }
    }

    /// What a value read from a secret means. The cache learns it.
    pub(crate) fn slot(
        &self,
        id: &str,
        name: &str,
        value: Value,
        asked: Asked,
    ) -> Result<Slot, Error> {
        let slot = match value {
            Value::NotFound => Slot::Absent,
            Value::Deleted => Slot::Deleted,
            Value::Binary { version } => {
                return Err(binary().about_secret(name).about_version(&version));
            }
            Value::Text {
                text,
                version,
                created,
            } => match document::decode(id, text.expose_secret()) {
                Err(error) => return Err(error.about_secret(name).about_version(&version)),
                Ok(Document::Tombstone) => Slot::Vacant {
                    version: version.into(),
                },
                Ok(Document::Record { token, unknown }) => Slot::Record(Arc::new(StoredRecord {
                    token,
                    unknown,
                    version,
                    created,
                    asked: asked.at,
                })),
            },
        };
        match &slot {
            Slot::Record(entry) => self.cache.loaded(entry, asked.generation),
            Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => {
                self.cache.missing(id, asked.generation)
            }
        }
        Ok(slot)
    }

    /// The ids of the own secrets that have a tag with one of these values.
    async fn tagged(&self, tag_values: Vec<String>) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        let mut page = None;
        loop {
            let listed = self
                .api
                .list(self.names.prefix(), tag_values.clone(), page)
                .await;
            let output = listed.map_err(|failure| failure.error)?;
            let own = output
                .secret_list()
                .iter()
                .filter(|secret| is_managed(secret.tags()));
            ids.extend(own.filter_map(|secret| self.names.id_of(secret.name()?)));
            page = output.next_token;
            if page.is_none() {
                return Ok(ids);
            }
        }
    }
}

/// What makes two lookups the same one.
#[derive(Clone)]
pub(crate) struct Query(OAuthToken);

impl Query {
    fn parts(&self) -> impl Iterator<Item = Option<&str>> {
        let fields = matching::IDENTIFYING_FIELDS
            .into_iter()
            .chain([Field::ClientId]);
        fields.map(|field| self.0.expose(field))
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.parts().eq(other.parts())
    }
}

impl Eq for Query {}

impl Hash for Query {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().for_each(|part| part.hash(state));
    }
}

fn binary() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the secret's value is binary, not the document of a token",
    )
    .advise("it is left as it is; delete the secret, or use another prefix")
}
