//! All records at once: read, streamed, deleted.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_sdk_secretsmanager::types::Tag;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use crate::secrets_manager::Core;
use crate::secrets_manager::aws::calls::{BATCH_LIMIT, Value, is_managed};
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::ops::find::Slot;
use crate::token::builder::wiped;
use crate::{Error, ErrorKind, OAuthToken};

/// Calls under way at once. BatchGetSecretValue is good for about 100 a second, so more would only
/// be throttled.
const BATCHES_AT_ONCE: usize = 4;
pub(crate) const CALLS_AT_ONCE: usize = 8;

pub(crate) type Read = (String, Slot);

impl Core {
    /// All records, each as soon as it is read; one that cannot be read is an error among them.
    pub(crate) fn tokens(
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
    pub(crate) async fn get_all(self: &Arc<Self>) -> Result<Vec<OAuthToken>, Error> {
        let mut tokens = Vec::new();
        let read = gather(self.tokens(), |token| tokens.push(token)).await;
        match read {
            Ok(()) => Ok(tokens),
            Err(error) => Err(error.with_readable_tokens(tokens)),
        }
    }

    /// Deletes all records. Secrets that hold no record that can be read stay, and are reported.
    pub(crate) async fn delete_all(self: &Arc<Self>) -> Result<(), Error> {
        // The whole list first: deleting while it is paged through would shift its pages.
        let listed: Vec<_> = self.listed().try_collect().await?;
        let ids = stream::iter(listed)
            .map(async |(id, tags)| {
                self.may_delete(&id, &tags)
                    .await
                    .map(|may| may.then_some(id))
            })
            .buffer_unordered(CALLS_AT_ONCE)
            .filter_map(async |id| id.transpose());
        let ids: Vec<_> = ids.collect().await;
        let deletions = self
            .read_all(stream::iter(ids))
            .map(async |read| {
                let (id, slot) = read?;
                self.delete_listed(&id, slot).await
            })
            .buffer_unordered(CALLS_AT_ONCE);
        gather(deletions, |()| {}).await
    }

    /// Whether a secret has the tag of this store. Where the list does not show it yet, it is asked.
    async fn may_delete(&self, id: &str, listed: &[Tag]) -> Result<bool, Error> {
        if is_managed(listed) {
            return Ok(true);
        }
        match self.api.describe(&self.names.name_of(id)?).await {
            Ok(secret) => Ok(is_managed(secret.tags())),
            Err(failure) if failure.reason == Reason::NotFound => Ok(false),
            Err(failure) => Err(failure.error),
        }
    }

    pub(crate) fn read_all<S>(
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
            let name = self.names.name_of(id).map_err(|error| Failure {
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
            let Some(id) = self.names.id_of(&name) else {
                continue;
            };
            let Some((_, asked)) = asked.iter().find(|(known, _)| **known == id) else {
                continue;
            };
            let created = value.created_date.and_then(|date| date.try_into().ok());
            let value = match value.secret_string {
                Some(text) => Value::Text {
                    text: wiped(text),
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

/// Takes in what each secret came to. Secrets that cannot be read are one error at the end, and
/// anything else that fails is one at once.
pub(crate) async fn gather<T>(
    outcomes: impl Stream<Item = Result<T, Error>>,
    mut take: impl FnMut(T),
) -> Result<(), Error> {
    let mut outcomes = std::pin::pin!(outcomes);
    let mut unreadable = Vec::new();
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => take(outcome),
            Err(error) if concerns_one_secret(&error) => unreadable.push(error),
            Err(error) => return Err(error),
        }
    }
    summary(unreadable).map_or(Ok(()), Err)
}

/// Whether others may be readable all the same: each secret has a value and a KMS key of its own.
fn concerns_one_secret(error: &Error) -> bool {
    let of_key = || {
        error
            .missing_action()
            .is_some_and(|action| action.starts_with("kms:"))
    };
    match error.kind() {
        ErrorKind::Decode | ErrorKind::Encryption => error.secret_name().is_some(),
        ErrorKind::AccessDenied => error.secret_name().is_some() && of_key(),
        _ => false,
    }
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
