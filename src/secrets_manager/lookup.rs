//! The read path: which record a partial token denotes, in as few calls as the question allows.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use futures::future::{try_join, try_join_all};

use super::Core;
use super::api::{Value, is_managed};
use super::cache::Entry;
use super::document::{self, Document};
use super::index::{self, Fingerprints};
use crate::{Error, ErrorKind, Field, OAuthToken, matching};

/// What stands under one id.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Record(Arc<Entry>),
    /// A secret that holds no token any more: its deletion was begun and not finished.
    Vacant {
        version: Arc<str>,
    },
    /// A secret that is marked for deletion.
    Deleted,
    Absent,
}

/// What a lookup came to.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    pub(super) found: Option<Denoted>,
    /// What was read on the way, by id.
    slots: HashMap<String, Slot>,
}

/// The record that a partial token denotes, and the field that decided.
#[derive(Clone, Debug)]
pub(super) struct Denoted {
    pub(super) entry: Arc<Entry>,
    pub(super) decided_by: Field,
}

/// What makes two lookups the same one.
#[derive(Clone, Debug)]
pub(super) struct Query(OAuthToken);

impl Query {
    fn parts(&self) -> impl Iterator<Item = Option<&str>> {
        matching::IDENTIFYING_FIELDS
            .into_iter()
            .chain([Field::ClientId])
            .map(|field| self.0.expose(field))
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

impl Core {
    /// The record that the partial token denotes.
    pub(super) async fn find(
        self: &Arc<Self>,
        partial: &OAuthToken,
    ) -> Result<Option<Arc<Entry>>, Error> {
        if let Some(id) = partial.id() {
            return self.find_by_id(id).await;
        }
        if let Some(entry) = self.cache.find(partial) {
            return Ok(Some(entry));
        }
        // Only lookups that began after the last write here are shared: a later one must see it.
        let key = (Query(partial.clone()), self.cache.stamp_of_all());
        let found = self.lookups.join(key, || {
            let (core, partial) = (self.clone(), partial.clone());
            async move { Ok(core.look_up(&partial).await?.found.map(|found| found.entry)) }
        });
        self.or_last_known(found.await, || self.cache.last_known(partial))
    }

    /// The record with this id.
    pub(super) async fn find_by_id(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let found = self.read(id).await.map(|slot| match slot {
            Slot::Record(entry) => Some(entry),
            _ => None,
        });
        self.or_last_known(found, || self.cache.last_known_record(id))
    }

    /// Where AWS cannot be asked, the last known record instead, if that is wanted.
    fn or_last_known(
        &self,
        found: super::Found,
        last_known: impl FnOnce() -> Option<Arc<Entry>>,
    ) -> super::Found {
        let Err(error) = &found else { return found };
        if !matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled) {
            return found;
        }
        let Some(entry) = last_known() else {
            return found;
        };
        let age = entry.asked_at.elapsed().unwrap_or_default();
        tracing::warn!(id = entry.id(), age_seconds = age.as_secs(), %error, "serving the last known record: AWS cannot be asked");
        Ok(Some(entry))
    }

    /// The record that the token denotes and what was read to find out.
    pub(super) async fn look_up(self: &Arc<Self>, partial: &OAuthToken) -> Result<Lookup, Error> {
        if let Some(id) = partial.id() {
            let slot = self.read(id).await?;
            let found = match &slot {
                Slot::Record(entry) => Some(Denoted {
                    entry: entry.clone(),
                    decided_by: Field::Id,
                }),
                _ => None,
            };
            return Ok(Lookup {
                found,
                slots: HashMap::from([(id.to_owned(), slot)]),
            });
        }
        let (since, stamps) = (SystemTime::now(), self.cache.stamps_of_query(partial));
        let mut walk = Walk {
            fingerprints: self.fingerprints().await?,
            partial,
            slots: HashMap::new(),
        };

        // The usual lookup ends here: one read, by the name derived from the strongest field.
        let mut wanted = walk.next_derived().into_iter().take(1).collect::<Vec<_>>();
        let mut listed = !self.tag_index;
        let mut rounds = 0;
        loop {
            let reads = try_join_all(wanted.into_iter().map(async |id| {
                let slot = self.read(&id).await?;
                Ok::<_, Error>((id, slot))
            }));
            let mut candidates = Vec::new();
            let slots = if rounds > 0 && !std::mem::replace(&mut listed, true) {
                let (slots, by_tag) =
                    try_join(reads, self.tagged(walk.fingerprints.lookup_values(partial))).await?;
                candidates = by_tag;
                slots
            } else {
                reads.await?
            };
            walk.slots.extend(slots);
            if walk.is_decided() {
                break;
            }
            if rounds == 0 {
                candidates.extend(
                    self.cache
                        .recent_candidates(partial)
                        .iter()
                        .map(ToString::to_string),
                );
            }
            wanted = walk.next_derived();
            wanted.extend(candidates);
            wanted.sort_unstable();
            wanted.dedup();
            wanted.retain(|id| !walk.slots.contains_key(id));
            if wanted.is_empty() && listed {
                break;
            }
            rounds += 1;
        }

        let found = walk.found();
        if let Some(Denoted { entry, decided_by }) = &found {
            let stamp = stamps.into_iter().find(|(field, _)| field == decided_by);
            if let Some((field, stamp)) = stamp {
                self.cache
                    .answered(partial, field, entry.id(), stamp, since);
            }
        }
        Ok(Lookup {
            found,
            slots: walk.slots,
        })
    }

    /// What stands under this id: from the cache, or by name, shared with whoever asks at the same time.
    pub(super) async fn read(self: &Arc<Self>, id: &str) -> Result<Slot, Error> {
        if let Some(entry) = self.cache.record(id) {
            return Ok(Slot::Record(entry));
        }
        let id: Arc<str> = id.into();
        let key = (id.clone(), self.cache.stamp_of_record(&id));
        let read = self.reads.join(key, || {
            let core = self.clone();
            async move { core.read_now(&id).await }
        });
        read.await
    }

    /// What AWS says now stands under this id.
    pub(super) async fn read_now(&self, id: &str) -> Result<Slot, Error> {
        let name = self.naming.name_of(id)?;
        let asked = Asked::now(self, id);
        let value = self.api.get(&name).await.map_err(|failure| failure.error)?;
        self.slot(id, &name, value, asked)
    }

    /// What a value read from a secret means; the cache learns it.
    pub(super) fn slot(
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
                return Err(Error::new(
                    ErrorKind::Decode,
                    "the secret's value is binary, not the document of a token",
                )
                .about_secret(name)
                .about_version(&version)
                .advise("it is left as it is; delete the secret, or use another prefix"));
            }
            Value::Text {
                text,
                version,
                created,
            } => match document::decode(id, &text) {
                Err(error) => {
                    return Err(error.about_secret(name).about_version(&version));
                }
                Ok(Document::Tombstone) => Slot::Vacant {
                    version: version.into(),
                },
                Ok(Document::Record { token, unknown }) => {
                    let Asked { at, at_wall, .. } = asked;
                    Slot::Record(Arc::new(Entry {
                        token,
                        unknown,
                        version,
                        created,
                        asked: at,
                        asked_at: at_wall,
                    }))
                }
            },
        };
        match &slot {
            Slot::Record(entry) => self.cache.loaded(entry, asked.stamp),
            _ => self.cache.missing(id, asked.stamp),
        }
        Ok(slot)
    }

    /// The ids of the secrets that have a tag with one of these values.
    async fn tagged(&self, tag_values: Vec<String>) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        let mut page = None;
        loop {
            let output = self
                .api
                .list(self.naming.prefix(), tag_values.clone(), page)
                .await
                .map_err(|failure| failure.error)?;
            let own = output
                .secret_list()
                .iter()
                .filter(|secret| is_managed(secret.tags()));
            ids.extend(own.filter_map(|secret| self.naming.id_of(secret.name()?)));
            page = output.next_token;
            if page.is_none() {
                return Ok(ids);
            }
        }
    }
}

/// The state of the cache and the clocks when a read was begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    stamp: super::cache::Stamp,
    at: Instant,
    at_wall: SystemTime,
}

impl Asked {
    pub(super) fn now(core: &Core, id: &str) -> Self {
        Asked {
            stamp: core.cache.stamp_of_record(id),
            at: Instant::now(),
            at_wall: SystemTime::now(),
        }
    }
}

impl Lookup {
    /// The first of the ids derived from a new record that no record has, and what stands there.
    pub(super) fn vacancy(
        &self,
        token: &OAuthToken,
        fingerprints: &Fingerprints,
    ) -> Option<(String, Slot)> {
        if let Some(id) = token.id() {
            return Some((
                id.to_owned(),
                self.slots.get(id).cloned().unwrap_or(Slot::Absent),
            ));
        }
        let source = index::id_source(token)?;
        (0..index::DERIVED_IDS)
            .filter_map(|number| fingerprints.derived_id(token, source, number))
            .map(|id| (self.slots.get(&id).cloned().unwrap_or(Slot::Absent), id))
            .find(|(slot, _)| !matches!(slot, Slot::Record(_)))
            .map(|(slot, id)| (id, slot))
    }
}

/// A lookup under way: what was read so far, and what that leaves to be read.
struct Walk<'a> {
    fingerprints: &'a Fingerprints,
    partial: &'a OAuthToken,
    slots: HashMap<String, Slot>,
}

impl Walk<'_> {
    /// The derived ids to read next, one for every given field, the strongest first.
    ///
    /// Behind an id that another record has, or had, may be the next one that was derived from the same value.
    fn next_derived(&self) -> Vec<String> {
        let next = |field| {
            let ids = (0..index::DERIVED_IDS).filter_map(move |number| {
                self.fingerprints.derived_id(self.partial, field, number)
            });
            for id in ids {
                match self.slots.get(&id) {
                    None => return Some(id),
                    Some(Slot::Absent) => return None,
                    Some(Slot::Record(entry)) if self.suits(&entry.token, field) => return None,
                    Some(_) => {}
                }
            }
            None
        };
        matching::identifying_fields(self.partial)
            .filter_map(next)
            .collect()
    }

    /// Whether nothing that is still unread could be a better answer.
    fn is_decided(&self) -> bool {
        let Some(found) = self.found() else {
            return false;
        };
        let strongest = matching::identifying_fields(self.partial).next();
        strongest == Some(found.decided_by)
            && self.suits(&found.entry.token, found.decided_by)
            && self.derived_position(found.entry.id()).is_some()
    }

    fn found(&self) -> Option<Denoted> {
        let mut entries: Vec<&Arc<Entry>> = self
            .slots
            .values()
            .filter_map(|slot| match slot {
                Slot::Record(entry) => Some(entry),
                _ => None,
            })
            .collect();
        // Where the contract leaves a choice it is always the same: derived ids first, then by id.
        entries.sort_by_cached_key(|entry| {
            (
                self.derived_position(entry.id()).unwrap_or(usize::MAX),
                entry.id().to_owned(),
            )
        });
        let (decided_by, record) =
            matching::denoted(self.partial, entries.iter().map(|entry| &entry.token))?;
        let entry = entries
            .iter()
            .find(|entry| entry.token.id() == record.id())?;
        Some(Denoted {
            entry: Arc::clone(entry),
            decided_by,
        })
    }

    /// Whether the record matches in this field and has the client that was given, if one was.
    fn suits(&self, record: &OAuthToken, field: Field) -> bool {
        let client = self.partial.client_id();
        matching::matches(self.partial, record, field)
            && (client.is_none() || client == record.client_id())
    }

    fn derived_position(&self, id: &str) -> Option<usize> {
        let field = matching::identifying_fields(self.partial).next()?;
        let mut ids = (0..index::DERIVED_IDS)
            .filter_map(|number| self.fingerprints.derived_id(self.partial, field, number));
        ids.position(|derived| derived == id)
    }
}
