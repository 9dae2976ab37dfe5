//! Saving a token: find the record it denotes, update it or insert one, and start over if another
//! writer was faster.

use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use super::compare_and_swap::Succession;
use super::core::Core;
use super::create::insert;
use super::find::look_up;
use super::read::Reads;
use super::retry::Retry;
use super::update::update;
use super::write::Step;
use crate::{Error, ErrorKind, OAuthToken, matching};

/// Updates the record that the token denotes, or inserts one.
pub(crate) async fn save(core: &Arc<Core>, token: &OAuthToken) -> Result<OAuthToken, Error> {
    let started = Instant::now();
    // The first version of a new secret. It stays the same in every retry, so that a creation
    // whose answer was lost is recognized.
    let first_version = Uuid::new_v4().to_string();
    let mut retry = Retry::new();
    let mut succession = Succession::default();
    loop {
        let lookup = look_up(core, token, Reads::Own).await?;
        let step = match lookup.denoted {
            Some(denoted) => update(core, token, denoted, started, &mut succession).await?,
            None => {
                matching::check_insertable(token)?;
                let vacancy = lookup.vacancy(token, core.fingerprints().await?);
                let (id, slot) = vacancy.ok_or_else(no_vacancy)?;
                let record = token.to_builder().id(id).build()?;
                insert(core, &record, slot, &first_version, &mut succession).await?
            }
        };
        match step {
            Step::Saved(record) => return Ok(record),
            Step::Again => retry.again()?,
            Step::Wait(error) => retry.wait(error).await?,
        }
    }
}

fn no_vacancy() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "other records have all ids that are derived from this token",
    )
    .advise("save the token with an id of your own")
}
