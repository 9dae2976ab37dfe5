//! What a person sees on a terminal.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::program::Program;
use crate::support::records::{expired, lines, valid};
use crate::support::terminal::Terminal;

const ESCAPE: u8 = 0x1b;

#[test]
fn a_list_is_a_table_with_colours() {
    let program = Program::with(&[valid("ada"), expired("bob")]);
    let mut terminal = Terminal::start(&program, &["list"], &[]);
    assert_eq!(terminal.finish(), 0);
    let shown = terminal.shown();
    let lines: Vec<_> = shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(lines.len(), 3, "{shown}");
    let header: Vec<_> = lines[0].split_whitespace().collect();
    assert_eq!(
        header,
        ["USER", "CLIENT", "EXPIRES", "IN", "TOKENS", "STATE", "ID"]
    );
    // The columns are aligned.
    let column = lines[0].find("STATE").expect("there is a state");
    assert!(lines[1][column..].starts_with("valid"), "{shown}");
    assert!(lines[2][column..].starts_with("expired"), "{shown}");
    let printed = String::from_utf8_lossy(&terminal.printed);
    assert!(printed.contains("\u{1b}[32mvalid") && printed.contains("\u{1b}[33mexpired"));
}

#[test]
fn no_color_means_no_escape_sequences_in_the_table() {
    let program = Program::with(&[valid("ada")]);
    let mut terminal = Terminal::start(&program, &["list"], &[("NO_COLOR", "1")]);
    assert_eq!(terminal.finish(), 0);
    let table = String::from_utf8_lossy(&terminal.printed).into_owned();
    let from = table.find("USER").expect("there is a header");
    assert!(!table.as_bytes()[from..].contains(&ESCAPE), "{table:?}");
}

#[test]
fn a_check_has_ticks() {
    let program = Program::with(&[valid("ada")]);
    let mut terminal = Terminal::start(&program, &["check"], &[]);
    assert_eq!(terminal.finish(), 0);
    let shown = terminal.shown();
    assert!(shown.contains("✓ credentials: AWS accepts them"), "{shown}");
}

#[test]
fn an_import_shows_its_progress_and_then_its_report() {
    let program = Program::new();
    let rows: Vec<_> = (0..20)
        .map(|number| valid(&format!("user-{number}")))
        .collect();
    let folder = tempfile::TempDir::new().expect("there is room for a file");
    let path = folder.path().join("tokens.jsonl");
    std::fs::write(&path, lines(&rows)).expect("a file can be written");
    let path = path.to_str().expect("the path is text");
    let mut terminal = Terminal::start(&program, &["import", path], &[]);
    terminal.wait_for("rows: ");
    assert_eq!(terminal.finish(), 0);
    let shown = terminal.shown();
    assert!(
        shown.contains("20 new, 0 same, 0 updated, 0 refused"),
        "{shown}"
    );
    assert!(
        !shown.contains("rows: "),
        "the progress disappears: {shown}"
    );
}

#[test]
fn a_deletion_asks() {
    let program = Program::with(&[valid("ada")]);
    let mut terminal = Terminal::start(&program, &["delete", "ada"], &[]);
    terminal.wait_for("[y/N] ");
    terminal.type_in("n\r");
    assert_eq!(terminal.finish(), 1);
    assert_eq!(program.rows(&["list"]).len(), 1);
    let mut terminal = Terminal::start(&program, &["delete", "ada"], &[]);
    terminal.wait_for("[y/N] ");
    terminal.type_in("y\r");
    assert_eq!(terminal.finish(), 0);
    assert!(program.rows(&["list"]).is_empty());
}

#[test]
fn an_undeletion_asks() {
    let program = Program::with(&[valid("ada")]);
    let id = program.id("ada");
    program.rows(&["delete", "ada", "--yes"]);
    for (answer, status, records) in [("n\r", 1, 0), ("y\r", 0, 1)] {
        let mut terminal = Terminal::start(&program, &["undelete", &id], &[]);
        terminal.wait_for(&format!("Bring the record {id} back? [y/N] "));
        terminal.type_in(answer);
        assert_eq!(terminal.finish(), status);
        assert_eq!(program.rows(&["list"]).len(), records);
    }
    let mut terminal = Terminal::start(&program, &["undelete", &id, "--yes"], &[]);
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn ctrl_c_at_a_question_changes_nothing() {
    let program = Program::with(&[valid("ada")]);
    let mut terminal = Terminal::start(&program, &["delete", "--all"], &[]);
    terminal.wait_for("[y/N] ");
    terminal.type_in("\u{3}");
    assert_eq!(terminal.finish(), 130);
    assert_eq!(program.rows(&["list"]).len(), 1);
}

#[test]
fn an_import_that_is_interrupted_goes_on_when_it_is_repeated() {
    let program = Program::new();
    let rows: Vec<_> = (0..100)
        .map(|number| valid(&format!("user-{number}")))
        .collect();
    let folder = tempfile::TempDir::new().expect("there is room for a file");
    let path = folder.path().join("tokens.jsonl");
    std::fs::write(&path, lines(&rows)).expect("a file can be written");
    let path = path.to_str().expect("the path is text");
    let mut command = program.command(&["import", path]);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let process = process.expect("the program can be started");
    // Until it has stored something.
    let started = std::time::Instant::now();
    while program.rows(&["list"]).is_empty() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing is imported"
        );
    }
    let id = process.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.is_ok_and(|killed| killed.success()));
    let ended = process.wait_with_output().expect("the program ends");
    let printed = String::from_utf8_lossy(&ended.stderr).into_owned();
    let reported = String::from_utf8_lossy(&ended.stdout).lines().count();
    assert_eq!(ended.status.code(), Some(130), "{printed}");
    assert!(printed.contains("the same command goes on"), "{printed}");
    assert_eq!(
        program.rows(&["list"]).len(),
        reported,
        "what was begun is finished"
    );

    let again = program.run(&["import", path]);
    assert_eq!(again.status, 0, "{}", again.stderr);
    let expected = format!("{} new, {reported} same", 100 - reported);
    assert!(
        again.stderr.contains(&expected),
        "{expected}: {}",
        again.stderr
    );
    assert_eq!(program.rows(&["list"]).len(), 100);
}

#[test]
fn ctrl_c_at_a_hidden_question_leaves_a_terminal_that_shows_what_is_typed() {
    let program = Program::new();
    let arguments = ["login", "--client-id", "1000.CLIENT"];
    let secret = ("ZOHO_CLIENT_SECRET", "S3CRET-client");
    for (question, variables) in [("client secret: ", &[][..]), ("code: ", &[secret])] {
        let mut terminal = Terminal::start(&program, &arguments, variables);
        terminal.wait_for(question);
        assert!(!terminal.echoes(), "{question}");
        terminal.type_in("S3CRET");
        terminal.type_in("\u{3}");
        assert_eq!(terminal.finish(), 130);
        assert!(terminal.echoes(), "{question}");
    }
}

#[test]
fn a_record_is_shown_in_aligned_sections() {
    let program = Program::with(&[valid("ada")]);
    let mut terminal = Terminal::start(&program, &["show", "ada"], &[]);
    assert_eq!(terminal.finish(), 0);
    let shown = terminal.shown();
    for line in [
        "Record",
        "  user_name      ada",
        "  refresh_token  (not shown)",
        "Versions",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
}

#[test]
fn what_is_not_counted_has_no_number() {
    let program = Program::with(&[valid("ada")]);
    for (command, text) in [("check", "checking"), ("reindex", "correcting tags")] {
        let mut terminal = Terminal::start(&program, &[command], &[]);
        terminal.wait_for(text);
        assert_eq!(terminal.finish(), 0);
        let printed = String::from_utf8_lossy(&terminal.printed).into_owned();
        assert!(!printed.contains(&format!("{text}:")), "{printed}");
    }
}
