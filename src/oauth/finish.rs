//! The end of a program: refreshes under way are waited for, and what could not be saved is saved.

use futures::{StreamExt, stream};
use tokio::time::Instant;

use super::core::Core;
use super::refresh::unsaved_error;
use super::save::{Saved, save};
use super::states::Unsaved;
use crate::Error;

/// How many records are saved at the same time.
const AT_ONCE: usize = 8;

/// Waits for all refreshes under way, and tries to save what could not be saved. Returns an error for
/// each record for which that fails.
pub(crate) async fn finish(core: &Core) -> Vec<Error> {
    core.flights.ended().await;
    let saves = stream::iter(core.states.all_unsaved());
    let saves = saves.map(async |unsaved| save_again(core, &unsaved).await.err());
    let saves = saves.buffer_unordered(AT_ONCE);
    saves.filter_map(async |failed| failed).collect().await
}

async fn save_again(core: &Core, unsaved: &Unsaved) -> Result<(), Error> {
    let id = unsaved.base.id().unwrap_or_default();
    let read = core.coordination().read(id).await;
    let Some(version) = read.map_err(|error| not_saved(&error, unsaved))? else {
        core.states.forget(id);
        return Ok(());
    };
    match save(core, version, &unsaved.base, &unsaved.change).await {
        Saved::Stored(record) => {
            core.states.settled(id, unsaved);
            core.states.adopted(&record, Instant::now());
        }
        Saved::Outdated => core.states.settled(id, unsaved),
        Saved::Deleted => core.states.forget(id),
        Saved::Failed(error) => return Err(not_saved(&error, unsaved)),
    }
    Ok(())
}

fn not_saved(cause: &Error, unsaved: &Unsaved) -> Error {
    let record = unsaved.record.clone();
    if !unsaved.can_be_obtained_again() {
        return unsaved_error(cause, record);
    }
    let problem = "Zoho has issued an access token that could not be saved";
    Error::new(cause.kind(), problem)
        .advise("the next refresh replaces it; to save it, call `finish` again")
        .with_shared_source(cause)
        .with_unsaved_token(record)
}
