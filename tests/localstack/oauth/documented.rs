//! Keeps the metrics and log events in docs/oauth.md in line with those that the source emits.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The source of `TokenProvider`, without its tests, by file.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(ROOT).join("src/oauth")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let name = path.file_name().and_then(|name| name.to_str());
            match name.expect("file names are UTF-8") {
                "tests" | "tests.rs" => {}
                _ if path.is_dir() => folders.push(path),
                _ => {
                    let text = fs::read_to_string(&path).expect("the file can be read");
                    let text = text.split("#[cfg(test)]\nmod tests {").next();
                    sources.push((path, text.unwrap_or_default().to_owned()));
                }
            }
        }
    }
    sources
}

/// The rows of the tables in the section on metrics and log, as cells.
fn rows() -> Vec<Vec<String>> {
    let document = fs::read_to_string(Path::new(ROOT).join("docs/oauth.md"));
    let document = document.expect("docs/oauth.md can be read");
    let (_, section) = document
        .split_once("## Metrics and log")
        .expect("there is such a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// What is in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What is between each pair of these marks.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(begin).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(end)?.0))
        .collect()
}

#[test]
fn the_documented_metrics_are_those_that_are_recorded() {
    let documented = rows().into_iter().flat_map(|cells| {
        let names = quoted(&cells[0]).map(|name| name.trim_start_matches("zoho_token_provider"));
        let names = names.filter(|name| name.starts_with('.'));
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    let documented: BTreeSet<_> = documented.collect();
    let sources = sources();
    let (metrics, others): (Vec<_>, Vec<_>) = sources
        .iter()
        .partition(|(path, _)| path.ends_with("metrics.rs"));
    let (_, names) = metrics[0]
        .1
        .split_once("match self {")
        .expect("names of events");
    let mut emitted = BTreeSet::new();
    for arm in names.lines().filter(|line| line.contains("=>")) {
        let (variant, name) = arm.split_once("=>").expect("an arm of a match");
        let variant = variant.replace("{ .. }", "");
        let is_recorded = others.iter().any(|(_, text)| text.contains(variant.trim()));
        assert!(is_recorded, "{variant} is never recorded");
        let name = between(name, "\"zoho_token_provider", "\"");
        emitted.insert(name.concat());
    }
    assert!(emitted.len() > 10, "{emitted:?}");
    assert_eq!(documented, emitted);
}

#[test]
fn the_documented_log_events_are_those_that_are_logged() {
    let is_level = |cell: &String| ["`INFO`", "`WARN`", "`DEBUG`"].contains(&cell.as_str());
    let documented = rows().into_iter().filter(|cells| is_level(&cells[0]));
    let documented = documented.map(|cells| {
        // After a colon come words about the field.
        let fields = cells[2].split(':').next().unwrap_or_default();
        let fields = quoted(fields).map(str::to_owned);
        let level = cells[0].trim_matches('`').to_lowercase();
        (level, cells[1].clone(), fields.collect::<Vec<_>>())
    });
    let documented: BTreeSet<_> = documented.collect();
    let mut emitted = BTreeSet::new();
    for (_, text) in sources() {
        for event in between(&text, "tracing::", ");") {
            let (level, event) = event.split_once("!(").expect("a macro of tracing");
            let (fields, message) = event.split_once('"').expect("an event has a message");
            // A string that goes on in the next line.
            let lines = message.trim().trim_end_matches('"').split("\\\n");
            let message: String = lines.map(str::trim_start).collect();
            let fields = fields
                .split(',')
                .map(|field| field.trim().trim_start_matches('%'));
            let fields = fields.map(|field| field.split([' ', '=']).next().unwrap_or_default());
            let fields = fields.filter(|field| !field.is_empty()).map(str::to_owned);
            emitted.insert((level.to_owned(), message, fields.collect::<Vec<_>>()));
        }
    }
    assert!(emitted.len() > 10, "{emitted:#?}");
    assert_eq!(documented, emitted);
}
