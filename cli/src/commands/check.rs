//! `check`: the report of the library's check.

use serde_json::json;
use zoho_token_store::{Outcome, Report, SecretsManagerTokenStore};

use crate::failure::Failure;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::output::rows::Mood;
use crate::text::printable;

pub async fn check(
    store: SecretsManagerTokenStore,
    output: Output,
    read_only: bool,
) -> Result<(), Failure> {
    let report = {
        let _progress = Progress::uncounted("checking");
        store.check().await
    };
    let is_well = match read_only {
        true => report.can_read(),
        false => report.is_ok(),
    };
    Failure::ended(!is_well, print(output, &report))
}

fn print(output: Output, report: &Report) -> Result<(), Failure> {
    for check in report.checks() {
        let (mood, mark, outcome) = match check.outcome() {
            Outcome::Passed => (Mood::Good, '✓', "passed"),
            Outcome::Failed(_) => (Mood::Bad, '✗', "failed"),
            _ => (Mood::Warning, '–', "skipped"),
        };
        if output.json {
            output.json(&json!({
                "check": check.name(),
                "outcome": outcome,
                "detail": check.detail(),
                "advice": check.advice(),
            }))?;
            continue;
        }
        if !output.is_terminal {
            let cells = [
                check.name(),
                outcome,
                check.detail(),
                check.advice().unwrap_or(""),
            ];
            let cells: Vec<_> = cells.iter().map(|cell| printable(cell)).collect();
            output.line(&cells.join("\t"))?;
            continue;
        }
        let style = mood.style();
        let detail = printable(check.detail());
        output.line(&format!(
            "{style}{mark}{style:#} {}: {detail}",
            check.name()
        ))?;
        if let Some(advice) = check.advice() {
            output.line(&format!("    → {}", printable(advice)))?;
        }
    }
    Ok(())
}
