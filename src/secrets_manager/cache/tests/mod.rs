//! The cache without AWS.

mod answers;
mod hits;
mod interleavings;
mod records;

use super::*;
use crate::secrets_manager::cache::pending_write::PendingWrite;
use crate::testing::token;

const MINUTE: Duration = Duration::from_secs(60);

fn cache() -> Cache {
    Cache::new(entries(100), MINUTE, Duration::ZERO, Clock::default())
}

fn entries(entries: u64) -> Option<Bound> {
    Some(Bound::Records(entries))
}

fn entry(columns: &str) -> StoredRecord {
    StoredRecord {
        version: columns.into(),
        ..StoredRecord::just_read(token(columns))
    }
}

fn load(cache: &Cache, columns: &str) {
    let (generation, entry) = (
        cache.generation_of_record(token(columns).id().unwrap()),
        entry(columns),
    );
    cache.loaded(&Arc::new(entry), generation);
}

fn write(cache: &Cache, columns: &str, replaced: Option<&str>) {
    cache.written(&Arc::new(entry(columns)), replaced.map(token).as_ref());
}

/// Resolves a query to this record, as a lookup would.
fn answer(cache: &Cache, partial: &str, decided_by: Field, id: &str) {
    let generations = cache.generations_of_query(&token(partial));
    let (_, generation) = generations
        .into_iter()
        .find(|(field, _)| *field == decided_by)
        .unwrap();
    cache.answered(&token(partial), decided_by, id, generation, cache.now());
}

fn version(cache: &Cache, id: &str) -> Option<String> {
    cache.record(id).map(|entry| entry.version.clone())
}

fn found(cache: &Cache, partial: &str) -> Option<String> {
    cache
        .find(&token(partial))
        .and_then(|token| token.id().map(str::to_owned))
}
