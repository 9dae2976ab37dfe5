//! Obtains an access token: starts a refresh, joins a running one, or keeps the current token.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::access_token::AccessToken;
use super::core::{Core, Demand, nobody_logged_in};
use super::data_center::DataCenter;
use super::lease::Standing;
use super::metrics::Event;
use super::refresh::refresh;
use crate::{Error, ErrorKind, OAuthToken};

/// Returns an access token for the partial token, which led to this record.
pub(crate) async fn obtain(
    core: &Arc<Core>,
    partial: &OAuthToken,
    found: Option<OAuthToken>,
) -> Result<AccessToken, Error> {
    let record = found.ok_or_else(|| nobody_logged_in("there is no such token"))?;
    let demand = Demand {
        data_center: data_center(partial)?,
        ..Demand::default()
    };
    satisfy(core, &record, demand).await
}

/// Refreshes the access token of the record that the partial token denotes.
pub(crate) async fn refresh_now(
    core: &Arc<Core>,
    partial: &OAuthToken,
) -> Result<AccessToken, Error> {
    // The cached record may have an access token that another process has replaced.
    let found = core.read_denoted(partial).await?;
    let found = found.ok_or_else(|| nobody_logged_in("there is no such token"))?;
    let record = found.token();
    let demand = Demand {
        replaced: Some(record.clone()),
        insists: true,
        data_center: data_center(partial)?,
        ..Demand::default()
    };
    satisfy(core, record, demand).await
}

/// The access token that could not be saved, for when the store cannot be asked.
pub(crate) fn unsaved(core: &Core, partial: &OAuthToken) -> Option<AccessToken> {
    let record = core.states.unsaved_denoted_by(partial)?;
    let record = Some(record).filter(|record| core.is_valid(record))?;
    core.access(&record, false)
}

/// The data centre that a caller's token names. The caller may name any.
pub(crate) fn data_center(partial: &OAuthToken) -> Result<Option<DataCenter>, Error> {
    let Some(url) = partial.accounts_url() else {
        return Ok(None);
    };
    match DataCenter::of_accounts_url(url) {
        Some(known) => Ok(Some(known)),
        None => DataCenter::custom(url, url).map(Some),
    }
}

/// Returns an access token of this record that satisfies the demand.
pub(crate) async fn satisfy(
    core: &Arc<Core>,
    record: &OAuthToken,
    demand: Demand,
) -> Result<AccessToken, Error> {
    let id = record.id().unwrap_or_default();
    if let Some(access) = at_once(core, id, record, &demand) {
        return Ok(access);
    }
    core.record(&Event::Miss);
    tracing::debug!(id, "an access token is to be refreshed");
    let is_usable = demand.is_usual() && core.standing(record, &demand) == Standing::Usable;
    let wait = match is_usable {
        true => core.timing.start + core.timing.request,
        false => core.timing.wait,
    };
    let deadline = Instant::now() + wait;
    loop {
        let (landing, started) = core
            .flights
            .join(id, || refresh(core.clone(), record.clone(), demand.clone()));
        let refreshed = match timeout_at(deadline, landing.result()).await {
            Err(_) => {
                let access = core.access(record, true).filter(|_| is_usable);
                return access.ok_or_else(pending);
            }
            Ok(refreshed) => refreshed,
        };
        // The task's runtime may have been shut down.
        if let Some(refreshed) = refreshed {
            let is_alike = refreshed.is_usual
                && demand.is_usual()
                && refreshed.data_center == demand.data_center;
            match refreshed.outcome {
                Err(error) if started => return Err(error),
                // It began to wait before this caller did.
                Err(error) if error.kind() == ErrorKind::RefreshPending => {}
                Err(error) if is_alike => return Err(error),
                Ok(access) if started || is_enough(core, &access, &demand) => return Ok(access),
                // Another caller wanted something else.
                Err(_) | Ok(_) => {}
            }
        }
        if Instant::now() >= deadline {
            return Err(pending());
        }
    }
}

/// Returns an access token without waiting for a refresh, if that is possible.
fn at_once(core: &Core, id: &str, record: &OAuthToken, demand: &Demand) -> Option<AccessToken> {
    let standing = core.standing(record, demand);
    if let Some(unsaved) = core.states.unsaved(id) {
        let is_valid = demand.is_usual() && core.is_valid(&unsaved.record);
        // One caller tries to save it, and not while the store has just failed.
        let rests = || core.flights.is_under_way(id) || core.states.rests(id, Instant::now());
        let unsaved = Some(unsaved.record).filter(|_| is_valid && rests());
        return core.access(&unsaved?, false);
    }
    let returns = match standing {
        Standing::Good => {
            core.states.found(record, Instant::now());
            true
        }
        Standing::Usable => {
            let rests = || core.states.rests(id, Instant::now());
            demand.is_usual() && (rests() || core.flights.is_under_way(id))
        }
        Standing::Unusable => false,
    };
    let access = core.access(record, true).filter(|_| returns)?;
    core.record(&Event::Hit);
    Some(access)
}

/// Whether the access token that another caller's refresh has returned will do.
fn is_enough(core: &Core, access: &AccessToken, demand: &Demand) -> bool {
    demand.is_usual() || core.standing(access.record(), demand) == Standing::Good
}

fn pending() -> Error {
    let problem = "timed out waiting for the token to be refreshed";
    Error::new(ErrorKind::RefreshPending, problem).advise("try again in a few seconds")
}
