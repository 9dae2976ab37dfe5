//! All records at once: listed, streamed, deleted.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::{Stream, StreamExt, stream};

use super::Core;
use super::api::{BATCH_LIMIT, Value, is_managed};
use super::failure::{Failure, Reason};
use super::index::MANAGED_BY;
use super::lookup::Slot;
use crate::{Error, ErrorKind, OAuthToken};

/// Calls under way at once. BatchGetSecretValue is good for about 100 a second, so more would only
/// be throttled.
const BATCHES_AT_ONCE: usize = 4;
const CALLS_AT_ONCE: usize = 8;

type Read = (String, Slot);

impl Core {
    /// All records, each as soon as it is read; one that cannot be read is an error among them.
    pub(super) fn tokens(
        self: &Arc<Self>,
    ) -> impl Stream<Item = Result<OAuthToken, Error>> + Send + use<> {
        self.read_all(self.ids())
            .filter_map(async |read| match read {
                Ok((_, Slot::Record(entry))) => Some(Ok(entry.token.clone())),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
    }

    /// All records, or an error that names those that cannot be read and holds the others.
    pub(super) async fn get_all(self: &Arc<Self>) -> Result<Vec<OAuthToken>, Error> {
        let mut tokens = Vec::new();
        let mut unreadable = Vec::new();
        let mut all = std::pin::pin!(self.tokens());
        while let Some(read) = all.next().await {
            match read {
                Ok(token) => tokens.push(token),
                Err(error) if concerns_one_secret(&error) => unreadable.push(error),
                Err(error) => return Err(error),
            }
        }
        summary(unreadable).map_or(Ok(tokens.clone()), |error| {
            Err(error.with_readable_tokens(tokens))
        })
    }

    /// Deletes all records. Secrets that hold no record that can be read stay, and are reported.
    pub(super) async fn delete_all(self: &Arc<Self>) -> Result<(), Error> {
        // The whole list first: deleting while it is paged through would shift its pages.
        let ids: Vec<_> = self.ids().collect().await;
        let mut unreadable = Vec::new();
        let mut deletions = std::pin::pin!(
            self.read_all(stream::iter(ids))
                .map(async |read| {
                    let (id, slot) = read?;
                    self.delete_listed(&id, slot).await
                })
                .buffer_unordered(CALLS_AT_ONCE)
        );
        while let Some(deleted) = deletions.next().await {
            match deleted {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Decode => unreadable.push(error),
                Err(error) => return Err(error),
            }
        }
        summary(unreadable).map_or(Ok(()), Err)
    }

    /// The ids of all own secrets below the prefix, and of those written here that the list may not
    /// show yet.
    fn ids(self: &Arc<Self>) -> impl Stream<Item = Result<String, Error>> + Send + use<> {
        struct Listing {
            core: Arc<Core>,
            /// The page to ask for next; none when the last one has been read.
            page: Option<Option<String>>,
            ready: VecDeque<String>,
            /// A list that changes while it is read may name a secret on two of its pages.
            seen: HashSet<String>,
        }
        let listing = Listing {
            core: self.clone(),
            page: Some(None),
            ready: VecDeque::new(),
            seen: HashSet::new(),
        };
        stream::unfold(Some(listing), |listing| async {
            let mut listing = listing?;
            loop {
                if let Some(id) = listing.ready.pop_front() {
                    return Some((Ok(id), Some(listing)));
                }
                let page = listing.page.take()?;
                let core = &listing.core;
                let output = match core
                    .api
                    .list(core.naming.prefix(), vec![MANAGED_BY.1.to_owned()], page)
                    .await
                {
                    Ok(output) => output,
                    Err(failure) => return Some((Err(failure.error), None)),
                };
                let own = output
                    .secret_list()
                    .iter()
                    .filter(|secret| is_managed(secret.tags()));
                let mut ids: Vec<_> = own
                    .filter_map(|secret| core.naming.id_of(secret.name()?))
                    .collect();
                listing.page = output.next_token.map(Some);
                if listing.page.is_none() {
                    ids.extend(
                        core.cache
                            .recently_written()
                            .iter()
                            .map(ToString::to_string),
                    );
                }
                let seen = &mut listing.seen;
                listing
                    .ready
                    .extend(ids.into_iter().filter(|id| seen.insert(id.clone())));
            }
        })
    }

    fn read_all<S>(
        self: &Arc<Self>,
        ids: S,
    ) -> impl Stream<Item = Result<Read, Error>> + Send + use<S>
    where
        S: Stream<Item = Result<String, Error>> + Send,
    {
        let core = self.clone();
        ids.chunks(BATCH_LIMIT)
            .map(move |ids| {
                let core = core.clone();
                async move {
                    let mut known = Vec::new();
                    let mut reads = Vec::new();
                    for id in ids {
                        match id {
                            Ok(id) => known.push(id),
                            Err(error) => reads.push(Err(error)),
                        }
                    }
                    reads.extend(core.read_batch(known).await);
                    stream::iter(reads)
                }
            })
            .buffer_unordered(BATCHES_AT_ONCE)
            .flatten()
    }

    /// Reads up to [`BATCH_LIMIT`] records in one call, and what that leaves open one by one.
    async fn read_batch(self: &Arc<Self>, ids: Vec<String>) -> Vec<Result<Read, Error>> {
        let mut open: HashSet<String> = ids.iter().cloned().collect();
        let mut reads = Vec::new();
        if !ids.is_empty() && !self.batch_denied.load(Ordering::Relaxed) {
            match self.get_batch(&ids).await {
                Ok(read) => reads.extend(read.into_iter().filter_map(|(id, slot)| {
                    open.remove(&id).then(|| slot.map(|slot| (id, slot)))
                })),
                Err(failure) if failure.reason == Reason::Denied => {
                    tracing::warn!(error = %failure.error, "BatchGetSecretValue is not allowed: reading one by one");
                    self.batch_denied.store(true, Ordering::Relaxed);
                }
                // One secret that is gone or has no value can fail the whole batch; read alone, it
                // says so itself.
                Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::Deleted) => {}
                Err(failure) => return vec![Err(failure.error)],
            }
        }
        let alone = stream::iter(open).map(async |id| {
            let slot = self.read_now(&id).await?;
            Ok((id, slot))
        });
        reads.extend(
            alone
                .buffer_unordered(CALLS_AT_ONCE)
                .collect::<Vec<_>>()
                .await,
        );
        reads
    }

    async fn get_batch(
        &self,
        ids: &[String],
    ) -> Result<Vec<(String, Result<Slot, Error>)>, Failure> {
        let mut asked = Vec::new();
        let mut names = Vec::new();
        for id in ids {
            let name = self.naming.name_of(id).map_err(|error| Failure {
                reason: Reason::Other,
                error,
            })?;
            asked.push((id, self.asking(id)));
            names.push(name);
        }
        let output = self.api.batch_get(names).await?;
        let mut slots = Vec::new();
        for value in output.secret_values.unwrap_or_default() {
            let (Some(name), Some(version)) = (value.name, value.version_id) else {
                continue;
            };
            let Some(id) = self.naming.id_of(&name) else {
                continue;
            };
            let Some((_, asked)) = asked.iter().find(|(known, _)| **known == id) else {
                continue;
            };
            let created = value.created_date.and_then(|date| date.try_into().ok());
            let value = match value.secret_string {
                Some(text) => Value::Text {
                    text,
                    version,
                    created,
                },
                None => Value::Binary { version },
            };
            let slot = self.slot(&id, &name, value, *asked);
            slots.push((id, slot));
        }
        Ok(slots)
    }
}

/// Whether other secrets may be readable all the same. Each may have a KMS key of its own.
fn concerns_one_secret(error: &Error) -> bool {
    let kinds = [
        ErrorKind::Decode,
        ErrorKind::Encryption,
        ErrorKind::AccessDenied,
    ];
    error.secret_name().is_some() && kinds.contains(&error.kind())
}

/// One error for all secrets that cannot be read.
fn summary(mut unreadable: Vec<Error>) -> Option<Error> {
    if unreadable.len() < 2 {
        return unreadable.pop();
    }
    let mut names: Vec<_> = unreadable.iter().filter_map(Error::secret_name).collect();
    names.sort_unstable();
    let message = format!(
        "{} secrets cannot be read: {}",
        names.len(),
        names.join(", ")
    );
    let first = unreadable.first()?;
    let error = Error::new(first.kind(), message)
        .with_shared_source(first)
        .advise("they are left as they are; read each by its id to learn what is wrong with it");
    Some(match first.missing_action() {
        Some(action) => error.with_missing_action(action),
        None => error,
    })
}
