//! The report of an import or a copy: a line for each row, and the totals.

use std::collections::HashMap;

use serde_json::{Value, json};
use zoho_token_store::{Field, OAuthToken};

use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::rows::{Mood, Row, Rows};
use crate::output::{Output, note};
use crate::transfer::earlier::Earlier;
use crate::transfer::save::{Fate, Saved};

const HEADER: &[&str] = &["ROW", "RESULT", "ID", "USER", "REASON"];

/// How many rows are kept to see whether a later one has replaced them. More are refused at once.
const KEPT: usize = 100_000;

const REPLACED: &str = "a later row of the same user or token is stored";

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
            Fate::Older(_) | Fate::Refused(_) => self.refused += 1,
        }
    }
}

/// A row that is older than its record. If a later row is what is stored, an earlier import has saved
/// both.
struct Kept {
    number: usize,
    place: String,
    user: Option<String>,
    reason: &'static str,
    /// The tokens in which it differs from the record.
    tokens: Vec<Field>,
}

/// A report under way.
pub struct Report<'a> {
    output: Output,
    rows: Rows,
    counts: Counts,
    progress: Progress,
    earlier: &'a Earlier,
    /// Rows that may be replaced by later ones, by user or token.
    kept: HashMap<u64, Vec<Kept>>,
    number: usize,
    /// Why rows are not printed any more. They are saved nevertheless.
    problem: Option<Failure>,
}

impl<'a> Report<'a> {
    pub fn new(output: Output, earlier: &'a Earlier) -> Self {
        Report {
            output,
            rows: Rows::unsorted(output, HEADER, 1),
            counts: Counts::default(),
            progress: Progress::new("rows", None),
            earlier,
            kept: HashMap::new(),
            number: 0,
            problem: None,
        }
    }

    /// Reports a row that has become no token.
    pub fn refuse(&mut self, place: &str, problem: String) {
        self.print(place, None, None, &Fate::Refused(problem), None);
    }

    /// Reports a row, and the earlier ones that it has replaced.
    pub fn end(&mut self, place: &str, token: &OAuthToken, saved: Saved) {
        let (id, user) = (saved.id.as_deref(), token.user_name());
        match saved.fate {
            Fate::Older(older) if self.number < KEPT => {
                self.number += 1;
                let kept = self.kept.entry(self.earlier.login(token)).or_default();
                kept.push(Kept {
                    number: self.number,
                    place: place.to_owned(),
                    user: user.map(str::to_owned),
                    reason: older.reason,
                    tokens: older.tokens,
                });
            }
            Fate::Older(_) | Fate::Refused(_) => self.print(place, id, user, &saved.fate, None),
            Fate::New | Fate::Same | Fate::Updated => {
                self.end_replaced(token, id);
                self.print(place, id, user, &saved.fate, None);
            }
        }
    }

    /// Reports the earlier rows whose tokens a later row has replaced.
    fn end_replaced(&mut self, token: &OAuthToken, id: Option<&str>) {
        let login = self.earlier.login(token);
        let Some(kept) = self.kept.remove(&login) else {
            return;
        };
        let gives = |field: &Field| token.expose(*field).is_some();
        let (replaced, left): (Vec<_>, Vec<_>) = kept
            .into_iter()
            .partition(|row| row.tokens.iter().all(gives));
        for row in replaced {
            self.print(
                &row.place,
                id,
                row.user.as_deref(),
                &Fate::Same,
                Some(REPLACED),
            );
        }
        if !left.is_empty() {
            self.kept.insert(login, left);
        }
    }

    fn print(
        &mut self,
        place: &str,
        id: Option<&str>,
        user: Option<&str>,
        fate: &Fate,
        remark: Option<&str>,
    ) {
        self.counts.add(fate);
        self.progress.add(1);
        if self.problem.is_some() {
            return;
        }
        let mood = match fate {
            Fate::New | Fate::Updated => Mood::Good,
            Fate::Same => Mood::Plain,
            Fate::Older(_) | Fate::Refused(_) => Mood::Bad,
        };
        let reason = fate.reason().or(remark);
        let cells = [Some(place), Some(fate.name()), id, user, reason];
        let row = Row {
            cells: cells.map(|cell| cell.unwrap_or("-").to_owned()).into(),
            mood,
            json: json!({
                "row": place, "result": fate.name(), "id": id, "user_name": user, "reason": reason,
            }),
        };
        let rows = &mut self.rows;
        self.problem = self.progress.suspend(|| rows.push(row)).err();
    }

    /// Prints what is left, and the totals.
    pub fn finish(mut self, dry_run: bool) -> Result<(), Failure> {
        let kept = std::mem::take(&mut self.kept).into_values().flatten();
        let mut kept: Vec<_> = kept.collect();
        kept.sort_unstable_by_key(|row| row.number);
        for row in kept {
            let fate = Fate::Refused(row.reason.to_owned());
            self.print(&row.place, None, row.user.as_deref(), &fate, None);
        }
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
        Failure::ended(refused > 0, printed)
    }
}
