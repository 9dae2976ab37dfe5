//! Logging out: the token is revoked at Zoho, then deleted.

use super::core::{Core, Demand};
use super::obtain::data_center;
use super::zoho;
use crate::{Error, OAuthToken};

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
        revoked.map_err(|failed| failed.refusal().error(server))?;
    }
    core.store.delete_token(id).await?;
    core.states.forget(id);
    tracing::info!(id, "a token was revoked and deleted");
    Ok(true)
}
