//! `import`: rows of a file or database into the store.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use zoho_token_store::{Field, OAuthToken, SecretsManagerTokenStore};

use crate::args::{Ids, ImportArgs};
use crate::failure::Failure;
use crate::interrupt::{pressed, unless_pressed};
use crate::output::progress::Progress;
use crate::output::rows::{Mood, Row as Printed, Rows};
use crate::output::{Output, note};
use crate::transfer::channel::Read;
use crate::transfer::earlier::Earlier;
use crate::transfer::row::Row;
use crate::transfer::save::{Fate, Rules, Saved, save};
use crate::transfer::source;

const HEADER: &[&str] = &["ROW", "RESULT", "ID", "USER", "REASON"];

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

/// How many rows had each fate.
#[derive(Default)]
struct Counts {
    new: usize,
    same: usize,
    updated: usize,
    refused: usize,
}

impl Counts {
    fn json(&self) -> Value {
        json!({
            "new": self.new, "same": self.same, "updated": self.updated, "refused": self.refused,
        })
    }

    fn add(&mut self, fate: &Fate) {
        match fate {
            Fate::New => self.new += 1,
            Fate::Same => self.same += 1,
            Fate::Updated => self.updated += 1,
            Fate::Refused(_) => self.refused += 1,
        }
    }
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
    let progress = Progress::new("rows", None);
    let mut report = Report {
        output,
        rows: Rows::unsorted(output, HEADER, 1),
        counts: Counts::default(),
        progress,
        problem: None,
    };
    let mut busy: HashSet<u64> = HashSet::new();
    let earlier = &Earlier::default();
    let mut saves = FuturesUnordered::new();
    let mut interrupted = std::pin::pin!(pressed());
    let mut ended = Ok(());
    'rows: loop {
        let read = tokio::select! {
            biased;
            () = &mut interrupted => {
                ended = Err(stopped(saves.len()));
                break;
            }
            Some(saved) = saves.next(), if !saves.is_empty() => {
                report.end(&mut busy, saved);
                continue;
            }
            read = rows.recv(), if saves.len() < AT_ONCE => read,
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
        let token = match token {
            Ok(token) => token,
            Err(problem) => {
                let fate = Fate::Refused(problem);
                report.row(&place, None, &Saved { fate, id: None });
                continue;
            }
        };
        let keys = keys(&token);
        while keys.iter().any(|key| busy.contains(key)) {
            match saves.next().await {
                Some(saved) => report.end(&mut busy, saved),
                None => break 'rows,
            }
        }
        busy.extend(&keys);
        saves.push(async move {
            let saved = save(store, &token, rules, earlier).await;
            (place, token, keys, saved)
        });
    }
    // Saves in progress are finished, unless Ctrl-C is pressed for the second time.
    let mut is_second = matches!(ended, Err(Failure::Interrupted(_)));
    if is_second {
        interrupted.set(pressed());
    }
    loop {
        tokio::select! {
            saved = saves.next() => match saved {
                Some(saved) => report.end(&mut busy, saved),
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

/// Says that Ctrl-C was seen, and returns how the import ends.
fn stopped(begun: usize) -> Failure {
    if begun > 0 {
        note("zoho-tokens: finishing the rows that were begun; press Ctrl-C again to stop");
    }
    Failure::Interrupted("interrupted: the same command goes on where this one stopped".to_owned())
}

type Ended = (String, OAuthToken, Vec<u64>, Saved);

struct Report {
    output: Output,
    rows: Rows,
    counts: Counts,
    progress: Progress,
    /// Why rows are not printed any more. They are saved nevertheless.
    problem: Option<Failure>,
}

impl Report {
    fn end(&mut self, busy: &mut HashSet<u64>, saved: Ended) {
        let (place, token, keys, saved) = saved;
        for key in keys {
            busy.remove(&key);
        }
        self.row(&place, Some(&token), &saved);
    }

    fn row(&mut self, place: &str, token: Option<&OAuthToken>, saved: &Saved) {
        self.counts.add(&saved.fate);
        self.progress.add(1);
        if self.problem.is_some() {
            return;
        }
        let user = token.and_then(OAuthToken::user_name);
        let (mood, reason) = match &saved.fate {
            Fate::New | Fate::Updated => (Mood::Good, None),
            Fate::Same => (Mood::Plain, None),
            Fate::Refused(reason) => (Mood::Bad, Some(reason.as_str())),
        };
        let id = saved.id.as_deref();
        let cells = [Some(place), Some(saved.fate.name()), id, user, reason];
        let row = Printed {
            cells: cells.map(|cell| cell.unwrap_or("-").to_owned()).into(),
            mood,
            json: json!({
                "row": place, "result": saved.fate.name(), "id": id, "user_name": user,
                "reason": reason,
            }),
        };
        let rows = &mut self.rows;
        self.problem = self.progress.suspend(|| rows.push(row)).err();
    }

    fn finish(self, dry_run: bool) -> Result<(), Failure> {
        drop(self.progress);
        let printed = match self.problem {
            None => self.rows.finish_unsorted(),
            Some(problem) => Err(problem),
        };
        let printed = printed.and_then(|()| self.output.json_only(&self.counts.json()));
        let Counts {
            new,
            same,
            updated,
            refused,
        } = self.counts;
        let nothing = match dry_run {
            true => " (nothing was changed)",
            false => "",
        };
        note(&format!(
            "{new} new, {same} same, {updated} updated, {refused} refused{nothing}"
        ));
        match (refused, printed) {
            // Whoever closes the pipe wants no more lines; the rows are saved.
            (0, Ok(()) | Err(Failure::Closed)) => Ok(()),
            (_, Ok(()) | Err(Failure::Closed)) => Err(Failure::Reported),
            (_, Err(problem)) => Err(problem),
        }
    }
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
