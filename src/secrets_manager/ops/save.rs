//! Saving a token: find the record it denotes, update it or insert one, and start over if another
//! writer was faster.

use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use super::core::Core;
use super::create::insert;
use super::find::look_up;
use super::read::Reads;
use super::retry::Retry;
use super::settle::{settle, settle_stored};
use super::update::update;
use super::write::{Attempt, Content, Step};
use crate::secrets_manager::format::tags::Index;
use crate::{Error, ErrorKind, OAuthToken, matching};

/// Updates the record that the token denotes, or inserts one.
pub(crate) async fn save(core: &Arc<Core>, token: &OAuthToken) -> Result<OAuthToken, Error> {
    let started = Instant::now();
    // The first version of a new secret. It stays the same in every retry, so that a creation
    // whose answer was lost is recognized.
    let first_version = Uuid::new_v4().to_string();
    let mut attempt = Attempt::new(core);
    let mut retry = Retry::new();
    // Ids of secrets that are marked for deletion and hold a token.
    let mut occupied = Vec::new();
    loop {
        let lookup = look_up(core, token, Reads::Own).await?;
        let step = match &lookup.denoted {
            Some(denoted) => {
                if settle_stored(core, &denoted.record).await? {
                    Step::Again
                } else {
                    update(core, token, denoted, started, &mut attempt).await?
                }
            }
            None => {
                matching::check_insertable(token)?;
                let vacancy = lookup.vacancy(token, core.fingerprints().await?, &occupied);
                let (id, slot) = vacancy.ok_or_else(no_vacancy)?;
                let record = token.to_builder().id(&id).build()?;
                let is_derived = token.id().is_none();
                let content = Content::fresh(&record, is_derived);
                match insert(core, content, slot, &first_version, &mut attempt).await? {
                    Step::Saved(saved) if is_derived => {
                        let inserted = Index::of_record(&saved, &attempt.write_id);
                        let settled = settle(core, &saved, &inserted).await?;
                        return Ok(settled.unwrap_or(saved));
                    }
                    Step::Occupied(_) if is_derived => {
                        occupied.push(id);
                        Step::Again
                    }
                    step => step,
                }
            }
        };
        match step {
            Step::Saved(record) => return Ok(record),
            Step::Again => retry.again()?,
            Step::Wait(error) => retry.wait(error).await?,
            Step::Occupied(error) => return Err(error),
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
