//! Logging out: the token is revoked at Zoho, then deleted.

use super::core::{Core, Demand};
use super::obtain::data_center;
use super::zoho;
use crate::{Error, ErrorKind, OAuthToken};

/// Revokes what the record has at Zoho, and deletes the record. Returns whether there was one.
pub(crate) async fn revoke(core: &Core, partial: &OAuthToken) -> Result<bool, Error> {
    let Some(version) = core.read_denoted(partial).await? else {
        return Ok(false);
    };
    let record = version.token();
    let id = record.id().unwrap_or_default();
    let demand = Demand {
        data_center: data_center(partial)?,
        ..Demand::default()
    };
    let data_center = core.data_center_of(record, &demand)?;
    if let Some(token) = record.refresh_token().or(record.access_token()) {
        let server = data_center.accounts_url();
        let revoked = zoho::revoke(&*core.http, server, token, core.timing.request).await;
        match revoked {
            Ok(()) => {}
            Err(failed) if !failed.refusal().is_dead() => return Err(failed.error(server)),
            // It was revoked before, at the server that the caller names.
            Err(_) if demand.data_center.is_some() => {}
            // It was revoked before.
            Err(_) if core.is_its_own(record, &data_center) => {}
            Err(_) => return Err(may_live_elsewhere(server)),
        }
    }
    core.store.delete_token(id).await?;
    core.states.forget(id);
    tracing::info!(id, "a token was revoked and deleted");
    Ok(true)
}

/// The error for a token that this accounts server does not know, if neither the caller nor the record
/// says that it is the record's own: at another one, the token may be valid.
fn may_live_elsewhere(server: &str) -> Error {
    let problem = format!("{server} does not know the token, and may be the wrong accounts server");
    Error::new(ErrorKind::InvalidConfig, problem).advise(
        "call again with the user's accounts server as `accounts_url` of the token that is given, or \
         save it in the record",
    )
}
