//! All records at once: reading, streaming and deleting them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::core::Core;
use super::delete::delete_read;
use super::list::{ids, listed};
use super::read::{read_now, slot, starting, state_of};
use crate::secrets_manager::aws::calls::BATCH_LIMIT;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::cache::known_states::Verdict;
use crate::secrets_manager::format::stored_record::Slot;
use crate::secrets_manager::format::tags::{Tag, is_managed};
use crate::{Error, ErrorKind, OAuthToken};

/// Batches read at the same time. AWS allows about 100 BatchGetSecretValue a second; more batches at
/// once would only be throttled.
const BATCHES_AT_ONCE: usize = 4;
pub(crate) const CALLS_AT_ONCE: usize = 8;

/// After so many secrets that are denied, and none that is not, there is no permission. Below that, the
/// others may be readable.
const ALL_DENIED: usize = 1_000;

pub(crate) type Read = (String, Slot);

/// All records, each as soon as it is read; one that cannot be read is an error among them.
pub(crate) fn tokens(
    core: &Arc<Core>,
) -> impl Stream<Item = Result<OAuthToken, Error>> + Send + use<> {
    read_all(core, ids(core)).filter_map(async |read| match read {
        Ok((_, Slot::Record(record))) => Some(Ok(record.token.clone())),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// All records, or an error that names those that cannot be read and holds the others.
pub(crate) async fn get_all(core: &Arc<Core>) -> Result<Vec<OAuthToken>, Error> {
    let mut all = Vec::new();
    let read = gather(tokens(core), |token| all.push(token)).await;
    match read {
        Ok(()) => Ok(all),
        Err(error) => Err(error.with_readable_tokens(all)),
    }
}

/// Deletes all records. Secrets that hold no readable record are left alone and reported.
pub(crate) async fn delete_all(core: &Arc<Core>) -> Result<(), Error> {
    // The whole list first: a deletion while the list is read would shift its pages.
    let listed: Vec<_> = listed(core).try_collect().await?;
    let ids = stream::iter(listed)
        .map(async |(id, tags)| {
            let may = may_delete(core, &id, &tags).await;
            may.map(|may| may.then_some(id))
        })
        .buffer_unordered(CALLS_AT_ONCE)
        .filter_map(async |id| id.transpose());
    let ids: Vec<_> = ids.collect().await;
    let deletions = read_all(core, stream::iter(ids))
        .map(async |read| {
            let (id, slot) = read?;
            delete_read(core, &id, slot).await
        })
        .buffer_unordered(CALLS_AT_ONCE);
    gather(deletions, |()| {}).await
}

/// Whether a secret has the tag of this store. If the list does not show its tags yet, the secret
/// is described.
async fn may_delete(core: &Core, id: &str, listed: &[Tag]) -> Result<bool, Error> {
    if is_managed(listed) {
        return Ok(true);
    }
    match core.aws.describe(&core.names.name_of(id)?).await {
        Ok(secret) => Ok(secret.is_managed()),
        Err(failure) if failure.reason == Reason::NotFound => Ok(false),
        Err(failure) => Err(failure.error),
    }
}

/// Reads the records with these ids, several batches at a time.
pub(crate) fn read_all<S>(
    core: &Arc<Core>,
    ids: S,
) -> impl Stream<Item = Result<Read, Error>> + Send + use<S>
where
    S: Stream<Item = Result<String, Error>> + Send,
{
    let core = core.clone();
    ids.chunks(BATCH_LIMIT)
        .map(move |ids| {
            let core = core.clone();
            async move {
                let mut batch = Vec::new();
                let mut reads = Vec::new();
                for id in ids {
                    match id {
                        Ok(id) => batch.push(id),
                        Err(error) => reads.push(Err(error)),
                    }
                }
                reads.extend(read_batch(&core, batch).await);
                stream::iter(reads)
            }
        })
        .buffer_unordered(BATCHES_AT_ONCE)
        .flatten()
}

/// Reads up to [`BATCH_LIMIT`] records in one call, and those that the call leaves open one by one.
async fn read_batch(core: &Core, ids: Vec<String>) -> Vec<Result<Read, Error>> {
    let mut open: BTreeSet<String> = ids.iter().cloned().collect();
    let mut reads = Vec::new();
    if !ids.is_empty() && !core.batch_denied.load(Ordering::Relaxed) {
        match get_batch(core, &ids).await {
            Ok(read) => reads
                .extend(read.into_iter().filter_map(|(id, slot)| {
                    open.remove(&id).then(|| slot.map(|slot| (id, slot)))
                })),
            Err(failure) if failure.reason == Reason::Denied => {
                let error = failure.error;
                tracing::warn!(%error, "BatchGetSecretValue is not allowed: reading one by one");
                core.batch_denied.store(true, Ordering::Relaxed);
            }
            // One secret that is gone, has no value or cannot be decrypted can fail the whole batch.
            // Read alone, it fails alone.
            Err(failure)
                if matches!(failure.reason, Reason::NotFound | Reason::Deleted)
                    || is_of_a_secret(failure.error.kind()) => {}
            // None of them was read: each is reported, with its name.
            Err(failure) => return ids.iter().map(|id| Err(of(core, id, &failure))).collect(),
        }
    }
    let alone = stream::iter(open).map(async |id| {
        let slot = read_now(core, &id).await?;
        Ok((id, slot))
    });
    let alone = alone.buffer_unordered(CALLS_AT_ONCE);
    reads.extend(alone.collect::<Vec<_>>().await);
    reads
}

/// The error of a batch, as that of one of its secrets.
fn of(core: &Core, id: &str, failure: &Failure) -> Error {
    let error = failure.error.clone();
    match core.names.name_of(id) {
        Ok(name) => error.about_secret(name),
        Err(_) => error,
    }
}

async fn get_batch(
    core: &Core,
    ids: &[String],
) -> Result<Vec<(String, Result<Slot, Error>)>, Failure> {
    let mut started = Vec::new();
    let mut names = Vec::new();
    for id in ids {
        let name = core.names.name_of(id).map_err(|error| Failure {
            reason: Reason::Other,
            error,
        })?;
        started.push((id, starting(core, id)));
        names.push(name);
    }
    let values = core.aws.batch_get(names).await?;
    let mut slots = Vec::new();
    for (name, value) in values {
        let Some(id) = core.names.id_of(&name) else {
            continue;
        };
        let Some((_, started)) = started.iter().find(|(asked, _)| **asked == id) else {
            continue;
        };
        // A state that is older than a known one is read again, alone.
        let judged = state_of(&value).map(|state| core.cache.judge(&id, &state));
        if judged.is_some_and(|verdict| verdict != Verdict::Believed) {
            continue;
        }
        let slot = slot(core, &id, &name, value, *started);
        slots.push((id, slot));
    }
    Ok(slots)
}

/// Collects the result of each secret. Secrets that the operation cannot read or change become one
/// error at the end; any other error ends the operation.
///
/// If the first [`ALL_DENIED`] secrets are all denied, the others are not tried: the role has no
/// permission at all.
pub(crate) async fn gather<T>(
    outcomes: impl Stream<Item = Result<T, Error>>,
    mut take: impl FnMut(T),
) -> Result<(), Error> {
    let mut outcomes = std::pin::pin!(outcomes);
    let mut failed = Vec::new();
    let mut all_denied = true;
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => {
                all_denied = false;
                take(outcome);
            }
            Err(error) if concerns_one_secret(&error) => {
                all_denied &= error.kind() == ErrorKind::AccessDenied;
                failed.push(error);
                if all_denied && failed.len() == ALL_DENIED {
                    return Err(failed.swap_remove(0));
                }
            }
            Err(error) => return Err(error),
        }
    }
    summary(failed).map_or(Ok(()), Err)
}

/// Whether the operation may succeed on other secrets nevertheless: each has a value, a KMS key and
/// permissions of its own.
fn concerns_one_secret(error: &Error) -> bool {
    is_of_a_secret(error.kind()) && error.secret_name().is_some()
}

fn is_of_a_secret(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Decode | ErrorKind::Encryption | ErrorKind::AccessDenied
    )
}

/// Returns one error for all secrets that the operation could not read or change.
fn summary(mut failed: Vec<Error>) -> Option<Error> {
    if failed.len() < 2 {
        return failed.pop();
    }
    let mut names: Vec<_> = failed.iter().filter_map(Error::secret_name).collect();
    names.sort_unstable();
    let message = format!(
        "{} secrets cannot be read or changed: {}",
        names.len(),
        names.join(", ")
    );
    let first = failed.first()?;
    let error = Error::new(first.kind(), message)
        .with_shared_source(first)
        .advise("they are left unchanged; find each by its id to learn what is wrong with it");
    Some(match first.missing_action() {
        Some(action) => error.with_missing_action(action),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(number: usize) -> Result<usize, Error> {
        let error = Error::new(ErrorKind::AccessDenied, "denied");
        Err(error.about_secret(number.to_string()))
    }

    #[tokio::test]
    async fn secrets_that_are_denied_do_not_hide_others() {
        let (mut taken, many) = (Vec::new(), 3 * BATCH_LIMIT);
        let outcomes = (0..many).map(denied).chain([Ok(many)]);
        let gathered = gather(stream::iter(outcomes), |number| taken.push(number)).await;
        assert_eq!(taken, [many]);
        let error = gathered.unwrap_err().to_string();
        assert!(error.starts_with("60 secrets"), "{error}");
    }

    #[tokio::test]
    async fn a_role_without_any_permission_does_not_try_all_secrets() {
        let mut tried = 0;
        let outcomes = (0..10 * ALL_DENIED).map(denied).inspect(|_| tried += 1);
        let gathered = gather(stream::iter(outcomes), drop).await;
        assert_eq!(gathered.unwrap_err().secret_name(), Some("0"));
        assert_eq!(tried, ALL_DENIED);
    }
}
