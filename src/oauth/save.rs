//! Saving what Zoho has issued, or replacing the lease: never over something newer, and
//! never in place of a record that was deleted.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::core::Core;
use super::lease::{Lease, base_of, digest_of};
use crate::{Error, ErrorKind, Field, OAuthToken, RecordVersion, Swap, matching};

/// A record that others keep changing for this long is not saved.
const AT_MOST: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(50);

/// How a save ended.
pub(crate) enum Saved {
    /// The store has it.
    Stored(OAuthToken),
    /// The store has something newer.
    Outdated,
    /// The record was deleted.
    Deleted,
    Failed(Error),
}

/// Saves what Zoho has issued for `base` into the record, whose last known version is given.
pub(crate) async fn save(
    core: &Core,
    version: RecordVersion,
    base: &OAuthToken,
    change: &OAuthToken,
) -> Saved {
    let deadline = Instant::now() + AT_MOST;
    let mut version = version;
    loop {
        let stored = version.token();
        let has_all = [Field::AccessToken, Field::RefreshToken]
            .into_iter()
            .all(|field| {
                change.expose(field).is_none() || change.expose(field) == stored.expose(field)
            });
        if has_all {
            // An earlier attempt, whose response was lost.
            return Saved::Stored(stored.clone());
        }
        let is_base = |field| stored.expose(field) == base.expose(field);
        let record = if is_base(Field::AccessToken) && is_base(Field::RefreshToken) {
            matching::merged(stored, change)
        } else if change.refresh_token().is_some() && is_base(Field::RefreshToken) {
            // Another access token is newer, but only this response had another refresh token. What
            // belongs to that is saved with it, such as the client that has logged in.
            let rest = change.to_builder().without(Field::AccessToken);
            let rest = rest.without(Field::ExpiryTime).build();
            rest.and_then(|rest| matching::merged(stored, &rest))
        } else {
            return Saved::Outdated;
        };
        let record = match record {
            Ok(record) => record,
            Err(error) => return Saved::Failed(error),
        };
        let lease = still_sent(&version, &record).map(|lease| lease.to_text());
        let swap = core
            .coordination()
            .swap(&version, &record, lease.as_deref());
        match swap.await {
            Ok(Swap::Current(version)) => return Saved::Stored(version.token().clone()),
            Ok(Swap::Superseded) => return Saved::Stored(record),
            Ok(Swap::Refused) => {}
            Err(error) => return Saved::Failed(error),
        }
        if Instant::now() > deadline {
            let error = Error::new(
                ErrorKind::Conflict,
                "other writers kept changing the record",
            );
            return Saved::Failed(error.advise("try again"));
        }
        sleep(PAUSE.mul_f64(fastrand::f64())).await;
        version = match core
            .coordination()
            .read(base.id().unwrap_or_default())
            .await
        {
            Ok(Some(version)) => version,
            Ok(None) => return Saved::Deleted,
            Err(error) => return Saved::Failed(error),
        };
    }
}

/// What is left of the lease when this record is saved over it: the grant tokens that may have been
/// sent, apart from the one whose tokens the record has.
pub(crate) fn still_sent(version: &RecordVersion, record: &OAuthToken) -> Option<Lease> {
    let settled = record.expose(Field::GrantToken).map(digest_of);
    let mut sent = Lease::of(version)?.sent;
    sent.retain(|grant| settled.as_ref() != Some(grant));
    Lease::free(record, sent)
}

/// Replaces the lease by another one, or by none. Returns whether the record is still the one that the
/// lease is for, as far as is known.
pub(crate) async fn replace_lease(
    core: &Core,
    version: RecordVersion,
    lease: &Lease,
    by: Option<&Lease>,
) -> bool {
    let id = version.token().id().unwrap_or_default().to_owned();
    let text = by.map(Lease::to_text);
    let mut version = version;
    // A refused swap means that another process has taken over, or that somebody has saved.
    for _ in 0..4 {
        let swapped = core
            .coordination()
            .swap(&version, version.token(), text.as_deref())
            .await;
        match swapped {
            Ok(Swap::Current(_) | Swap::Superseded) => return true,
            Ok(Swap::Refused) => {}
            // Others wait until the lease is over.
            Err(error) => {
                tracing::debug!(id, %error, "a lease could not be replaced");
                return true;
            }
        }
        version = match core.coordination().read(&id).await {
            Ok(Some(version)) => version,
            Ok(None) => return false,
            Err(_) => return true,
        };
        if base_of(version.token()) != lease.base {
            return false;
        }
        let own = version.lease().and_then(Lease::parse);
        if own.is_some_and(|stored| stored.nonce != lease.nonce) {
            return true;
        }
    }
    true
}
