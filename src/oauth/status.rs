//! The status of a token, for operators and health checks.

use std::time::{Duration, SystemTime};

use super::core::{Core, Demand, means};
use super::lease::{Lease, Means, Phase, Standing, digest_of};
use super::obtain::data_center;
use super::zoho::refusal::Refusal;
use crate::{Error, OAuthToken};

/// How a token stands; returned by [`TokenProvider::status`](crate::TokenProvider::status).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenStatus {
    /// The record's id.
    pub id: String,
    /// When its access token expires, if that is known.
    pub expires_at: Option<SystemTime>,
    /// Whether it can be refreshed without a login.
    pub can_refresh: bool,
    /// Whether this process holds tokens of it that could not be saved yet.
    pub is_unsaved: bool,
    /// What state it is in.
    pub state: TokenState,
}

/// The state of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenState {
    /// Its access token is valid, and need not be refreshed yet.
    Valid,
    /// Its access token is valid, and is refreshed when it is asked for next.
    Expiring,
    /// It has no valid access token, and is refreshed when one is asked for.
    Expired,
    /// A process refreshes it, or has crashed while it did.
    Refreshing,
    /// A process exchanges its grant token, or has crashed while it did.
    Exchanging,
    /// Zoho issues no access token for it.
    Failing {
        /// Zoho's error code, for example `invalid_code`.
        code: String,
        /// Since when.
        since: SystemTime,
        /// Whether Zoho is not asked again before somebody logs in or changes the record.
        needs_login: bool,
    },
    /// Somebody has to log in: its access token has expired, and there is no refresh token.
    NeedsLogin,
}

/// Reads how a token stands.
pub(crate) async fn status(
    core: &Core,
    partial: &OAuthToken,
) -> Result<Option<TokenStatus>, Error> {
    let Some(version) = core.read_denoted(partial).await? else {
        return Ok(None);
    };
    let record = version.token();
    let demand = Demand {
        data_center: data_center(partial)?,
        ..Demand::default()
    };
    let id = record.id().unwrap_or_default();
    let phase = Lease::of(&version).map(|lease| lease.phase);
    let state = match (phase, means(record)) {
        (Some(Phase::Failed(note)), _) => {
            let refusal = Refusal::with_code(&note.code);
            let server = core.data_center_of(record, &demand).ok();
            let server = server.map(|server| digest_of(server.accounts_url()));
            TokenState::Failing {
                code: refusal.code().to_owned(),
                since: SystemTime::UNIX_EPOCH
                    .checked_add(Duration::from_secs(note.since))
                    .unwrap_or(SystemTime::UNIX_EPOCH),
                needs_login: refusal.is_final() && !note.is_elsewhere(server.as_deref()),
            }
        }
        (Some(Phase::Held), _) => TokenState::Refreshing,
        (Some(Phase::Sending), _) => TokenState::Exchanging,
        (Some(Phase::Free) | None, means) => match (core.standing(record, &demand), means) {
            (Standing::Good, _) => TokenState::Valid,
            (Standing::Usable, _) => TokenState::Expiring,
            (Standing::Unusable, Means::Nothing) => TokenState::NeedsLogin,
            (Standing::Unusable, _) => TokenState::Expired,
        },
    };
    Ok(Some(TokenStatus {
        id: id.to_owned(),
        expires_at: record.expires_at(),
        can_refresh: means(record) == Means::RefreshToken,
        is_unsaved: core.states.unsaved(id).is_some(),
        state,
    }))
}
