//! Imports that are cut off: by Ctrl-C, or because nobody reads their report.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::TempDir;

use crate::support::memory_service::{MemoryService, Mode};
use crate::support::program::Program;
use crate::support::records::{lines, valid};
use crate::support::terminal::Terminal;

fn interrupt(process: &Child) {
    let id = process.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.is_ok_and(|killed| killed.success()));
}

/// A file with as many rows.
fn file(rows: usize) -> (TempDir, String) {
    let folder = TempDir::new().expect("there is room for a file");
    let path = folder.path().join("tokens.jsonl");
    let rows: Vec<_> = (0..rows)
        .map(|row| valid(&format!("user{row}@x:1")))
        .collect();
    std::fs::write(&path, lines(&rows)).expect("a file can be written");
    let path = path.to_str().expect("the path is text").to_owned();
    (folder, path)
}

/// Starts an import into this service.
fn import(program: &Program, service: &MemoryService, path: &str) -> Child {
    let mut command = program.command(&["import", path]);
    command
        .env("AWS_ENDPOINT_URL", &service.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started")
}

/// Interrupts an import of three rows, all of which the service holds. Returns the line that it prints then,
/// too, and the rest of its standard error.
fn interrupted(service: &MemoryService) -> (Child, String, BufReader<ChildStderr>) {
    service.set(Mode::Hold);
    let (_folder, path) = file(3);
    let mut process = import(&Program::new(), service, &path);
    service.wait_for_stopped(3);
    interrupt(&process);
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("it is text");
    (process, line, stderr)
}

#[test]
fn rows_that_were_begun_are_finished_after_the_last_one_was_read() {
    let service = MemoryService::start();
    let (process, line, mut stderr) = interrupted(&service);
    assert!(
        line.contains("finishing the rows that were begun"),
        "{line}"
    );
    service.set(Mode::Succeed);
    let ended = process.wait_with_output().expect("the program ends");
    assert_eq!(ended.status.code(), Some(130));
    assert_eq!(String::from_utf8_lossy(&ended.stdout).lines().count(), 3);
    assert_eq!(service.created(), 3);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("it is text");
    assert!(
        rest.contains("3 new") && rest.contains("the same command goes on"),
        "{rest}"
    );
}

#[test]
fn the_second_ctrl_c_ends_an_import() {
    let service = MemoryService::start();
    // Its standard error stays open.
    let (mut process, line, _stderr) = interrupted(&service);
    interrupt(&process);
    let ended = process.wait().expect("the program ends");
    assert_eq!(ended.code(), Some(130), "{line}");
}

#[test]
fn a_report_that_nobody_reads_does_not_end_the_import() {
    let program = Program::new();
    let (_folder, path) = file(30);
    let mut command = program.command(&["import", &path]);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut process = process.expect("the program can be started");
    drop(process.stdout.take());
    let ended = process.wait_with_output().expect("the program ends");
    let summary = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success() && summary.contains("30 new"),
        "{summary}"
    );
    assert_eq!(program.rows(&["list"]).len(), 30);
}

#[test]
fn ctrl_c_ends_an_import_that_waits_for_its_source() {
    let program = Program::new();
    let mut terminal = Terminal::start(&program, &["import", "-"], &[]);
    terminal.wait_for("end with Ctrl-D");
    terminal.type_in("\u{3}");
    assert_eq!(terminal.finish(), 130);

    // A server that says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = silent.local_addr().expect("it has an address").port();
    let url = format!("mysql://root@127.0.0.1:{port}/zohooauth");
    let process = program
        .command(&["import", &url])
        .stderr(Stdio::piped())
        .spawn();
    let process = process.expect("the program can be started");
    // It has connected, and waits.
    let _connection = silent.accept().expect("the program connects");
    interrupt(&process);
    let ended = process.wait_with_output().expect("the program ends");
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
}
