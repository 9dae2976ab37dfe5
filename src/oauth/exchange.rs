//! Logging in: a grant token is exchanged for tokens, which are saved under the user's name.

use std::sync::Arc;
use std::time::Duration;

use super::access_token::AccessToken;
use super::core::{Core, Demand, is_exchanged, nobody_logged_in};
use super::identity;
use super::metrics::Event;
use super::obtain::{data_center, satisfy};
use super::refresh::{change, unsaved_error};
use super::save::still_sent;
use super::zoho::{ask, request};
use crate::{Error, ErrorKind, OAuthToken, RecordVersion, Swap, matching};

/// The pauses in which moved tokens are looked for: the index of a store may be behind.
const MOVES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How often the user's name is saved if others change the record first, and the pause between.
const NAMINGS: usize = 20;
const NAMING_PAUSE: Duration = Duration::from_millis(100);

/// Exchanges the code of a login that only this process knows.
pub(crate) async fn login(
    core: Arc<Core>,
    code: String,
    redirect_url: Option<String>,
) -> Result<OAuthToken, Error> {
    let Some((client_id, client_secret)) = &core.client else {
        let problem = "the provider does not know its OAuth client";
        return Err(Error::new(ErrorKind::InvalidConfig, problem)
            .advise("give `client` to its builder, or call `exchange_grant`"));
    };
    let mut grant = OAuthToken::builder()
        .client_id(client_id)
        .client_secret(secrecy::ExposeSecret::expose_secret(client_secret))
        .grant_token(code);
    if let Some(redirect_url) = redirect_url {
        grant = grant.redirect_url(redirect_url);
    }
    let grant = grant.build()?;
    core.record(&Event::Requested);
    let sent = core.clock.now();
    let server = core.data_center.accounts_url();
    let form = request::grant(&grant)?;
    let issued = ask(&*core.http, server, form, core.timing.request).await;
    let issued = issued.map_err(|failed| {
        let refusal = failed.refusal();
        core.record(&refusal.event());
        tracing::warn!(
            code = refusal.code(),
            server,
            "Zoho has issued no token for a login"
        );
        match failed.is_inconclusive() {
            true => unsettled_login().with_source(failed.cause(server)),
            false => failed.error(server),
        }
    })?;
    core.record(&Event::Granted);
    let change = change(&grant, issued, &core.data_center, sent)?;
    let mut record = matching::merged(&grant, &change)?;
    if let Some(access) = core.access(&record, false)
        && let Some(user_name) = identity::user_name(&core, &access).await
    {
        record = record.to_builder().user_name(user_name).build()?;
    }
    let saved = core.store.save_token(&record).await;
    let saved = saved.map_err(|error| {
        let advice = "save `unsaved_token` of this error; the code is used up";
        unsaved_error(&error, record).advise(advice)
    })?;
    core.states.adopted(&saved, tokio::time::Instant::now());
    Ok(saved)
}

/// The error for a code that Zoho may have exchanged. It works only once, so there is nothing to repeat.
fn unsettled_login() -> Error {
    let problem = "the code was sent to Zoho, and whether Zoho has exchanged it is not known";
    Error::new(ErrorKind::GrantUnsettled, problem).advise("let the user log in again")
}

/// Exchanges a grant token that other processes may know, too: it is saved first, unless the user has a
/// record, and exchanged under a lease.
pub(crate) async fn exchange_grant(
    core: Arc<Core>,
    grant: OAuthToken,
    insists: bool,
) -> Result<OAuthToken, Error> {
    request::grant(&grant)?;
    let data_center = data_center(&grant)?;
    let record = match core.store.find_token(&grant).await? {
        Some(record) => record,
        None => core.store.save_token(&grant).await?,
    };
    let demand = Demand {
        insists,
        data_center,
        grant: Some(grant.clone()),
        ..Demand::default()
    };
    let access = match satisfy(&core, &record, demand).await {
        Err(error) if error.kind() == ErrorKind::NeedsLogin => {
            return moved(&core, &grant).await.ok_or(error);
        }
        access => access?,
    };
    match access.record().user_name() {
        Some(_) => Ok(access.record().clone()),
        None => name(&core, &access, &grant).await,
    }
}

/// The record that another process has moved the tokens of this grant token to, as [`name`] does,
/// after this one had found them where they were first saved.
async fn moved(core: &Core, grant: &OAuthToken) -> Option<OAuthToken> {
    for pause in MOVES {
        tokio::time::sleep(pause).await;
        match core.store.find_token(grant).await {
            Ok(Some(record)) if is_exchanged(&record, grant) => return Some(record),
            Ok(Some(_)) | Err(_) => return None,
            Ok(None) => {}
        }
    }
    None
}

/// Saves whose token it is. If the user has a record, the tokens are moved to it.
///
/// Other processes may do the same, refresh the tokens, or revoke them meanwhile. So each change is a swap
/// of what was read after Zoho has named the user: nothing newer is replaced, and nothing comes back.
async fn name(core: &Core, access: &AccessToken, grant: &OAuthToken) -> Result<OAuthToken, Error> {
    let record = access.record();
    let Some(user_name) = identity::user_name(core, access).await else {
        return Ok(record.clone());
    };
    let mut user = OAuthToken::builder().user_name(&user_name);
    if let Some(client_id) = record.client_id() {
        user = user.client_id(client_id);
    }
    let user = user.build()?;
    let id = record.id().unwrap_or_default();
    for _ in 0..NAMINGS {
        let Some(own) = core.coordination().read(id).await? else {
            let moved = moved(core, grant).await;
            return moved.ok_or_else(|| nobody_logged_in("the token was deleted meanwhile"));
        };
        if own.token().user_name().is_some() {
            return Ok(own.token().clone());
        }
        let named = own.token().to_builder().user_name(&user_name).build()?;
        let users = core.store.find_token(&user).await?;
        let users = match users.filter(|users| users.id() != record.id()) {
            Some(users) => {
                core.coordination()
                    .read(users.id().unwrap_or_default())
                    .await?
            }
            None => None,
        };
        let Some(users) = users else {
            // The lease of a refresh stays: it is for the same tokens.
            if let Some(named) = swapped(core, &own, named, own.lease()).await? {
                return Ok(named);
            }
            continue;
        };
        // Another process has moved them, and has crashed before the deletion.
        let has_grant = own.token().grant_token().is_some();
        let saved = match has_grant && is_exchanged(users.token(), own.token()) {
            true => Some(users.token().clone()),
            false => {
                let moved = matching::merged(users.token(), &named)?;
                let lease = still_sent(&users, &moved).map(|lease| lease.to_text());
                swapped(core, &users, moved, lease.as_deref()).await?
            }
        };
        if let Some(saved) = saved {
            core.store.delete_token(id).await?;
            return Ok(saved);
        }
    }
    let problem = "other writers kept changing the record";
    Err(Error::new(ErrorKind::Conflict, problem).advise("try again"))
}

/// Replaces a version, and returns what is stored then; `None` after a pause if others were first.
async fn swapped(
    core: &Core,
    version: &RecordVersion,
    by: OAuthToken,
    lease: Option<&str>,
) -> Result<Option<OAuthToken>, Error> {
    match core.coordination().swap(version, &by, lease).await? {
        Swap::Current(_) | Swap::Superseded => Ok(Some(by)),
        Swap::Refused => {
            tokio::time::sleep(NAMING_PAUSE.mul_f64(0.5 + fastrand::f64())).await;
            Ok(None)
        }
    }
}

/// Runs this to its end even if the caller is dropped.
pub(crate) async fn in_a_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.unwrap_or_else(|cause| {
        let problem = match cause.is_panic() {
            true => "the task has panicked",
            false => "the task was cancelled: its runtime was shut down",
        };
        Err(Error::new(ErrorKind::Other, problem).with_source(cause))
    })
}
