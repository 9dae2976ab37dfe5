//! `import`: rows of a file or database into the store.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::Receiver;
use zoho_token_store::{Field, OAuthToken, SecretsManagerTokenStore};

use super::report::Report;
use crate::args::{Ids, ImportArgs};
use crate::failure::Failure;
use crate::interrupt::{pressed, unless_pressed};
use crate::output::{Output, note};
use crate::transfer::channel::Read;
use crate::transfer::earlier::Earlier;
use crate::transfer::row::Row;
use crate::transfer::save::{Rules, Saved, save};
use crate::transfer::source;

/// Rows that are saved at the same time. The store keeps writes to AWS's quota.
const AT_ONCE: usize = 16;

pub async fn import(
    store: SecretsManagerTokenStore,
    output: Output,
    args: ImportArgs,
) -> Result<(), Failure> {
    let source = unless_pressed(source::open(&args.from, &args.database)).await?;
    let by_default = match source.has_ids_of_a_store {
        true => Ids::Keep,
        false => Ids::New,
    };
    let rules = Rules {
        ids: args.ids.unwrap_or(by_default),
        overwrite: args.overwrite,
        dry_run: args.dry_run,
    };
    save_all(&store, output, source.rows, rules).await
}

/// Saves rows as they come, and prints what becomes of each.
///
/// Rows of one user or token are saved one after another, in their order: the last one counts, as in
/// the SDKs' stores.
pub async fn save_all(
    store: &SecretsManagerTokenStore,
    output: Output,
    mut rows: Receiver<Read>,
    rules: Rules,
) -> Result<(), Failure> {
    let earlier = &Earlier::default();
    let mut report = Report::new(output, earlier);
    let mut busy: HashSet<u64> = HashSet::new();
    let mut saves = FuturesUnordered::new();
    // A row that waits for an earlier one of the same user.
    let mut waiting: Option<Begun> = None;
    let mut interrupted = std::pin::pin!(pressed());
    let mut ended = Ok(());
    loop {
        if let Some(row) = waiting.take_if(|row| row.keys.iter().all(|key| !busy.contains(key))) {
            busy.extend(&row.keys);
            saves.push(async move {
                let saved = save(store, &row.token, rules, earlier).await;
                (row, saved)
            });
        }
        let read = tokio::select! {
            biased;
            () = &mut interrupted => {
                ended = Err(stopped(saves.len()));
                break;
            }
            Some((row, saved)) = saves.next(), if !saves.is_empty() => {
                end(&mut report, &mut busy, &row, saved);
                continue;
            }
            read = rows.recv(), if waiting.is_none() && saves.len() < AT_ONCE => read,
        };
        let Some(read) = read else {
            break;
        };
        let Row { place, token } = match read {
            Ok(row) => row,
            Err(problem) => {
                ended = Err(Failure::Other(problem));
                break;
            }
        };
        match token {
            Ok(token) => {
                let keys = keys(&token);
                waiting = Some(Begun { place, token, keys });
            }
            Err(problem) => report.refuse(&place, problem),
        }
    }
    // Saves in progress are finished, unless Ctrl-C is pressed for the second time.
    let mut is_second = matches!(ended, Err(Failure::Interrupted(_)));
    if is_second {
        interrupted.set(pressed());
    }
    loop {
        tokio::select! {
            saved = saves.next() => match saved {
                Some((row, saved)) => end(&mut report, &mut busy, &row, saved),
                None => break,
            },
            () = &mut interrupted => {
                if is_second {
                    break;
                }
                is_second = true;
                interrupted.set(pressed());
                ended = ended.and(Err(stopped(saves.len())));
            }
        }
    }
    let finished = report.finish(rules.dry_run);
    ended.and(finished)
}

/// A row that is being saved, or waits for that.
struct Begun {
    place: String,
    token: OAuthToken,
    keys: Vec<u64>,
}

fn end(report: &mut Report<'_>, busy: &mut HashSet<u64>, row: &Begun, saved: Saved) {
    for key in &row.keys {
        busy.remove(key);
    }
    report.end(&row.place, &row.token, saved);
}

/// Says that Ctrl-C was seen, and returns how the import ends.
fn stopped(begun: usize) -> Failure {
    if begun > 0 {
        note("zoho-tokens: finishing the rows that were begun; press Ctrl-C again to stop");
    }
    Failure::Interrupted("interrupted: the same command goes on where this one stopped".to_owned())
}

/// What a row may share with another one, as hashes.
fn keys(token: &OAuthToken) -> Vec<u64> {
    let identifying = [
        Field::Id,
        Field::UserName,
        Field::AccessToken,
        Field::GrantToken,
        Field::RefreshToken,
    ];
    let given = identifying
        .iter()
        .filter_map(|&field| Some((field, token.expose(field)?)));
    given
        .map(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}
