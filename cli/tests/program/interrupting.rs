//! Imports and exports that are cut off: by Ctrl-C or another signal, or because nobody reads their report.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::TempDir;

use crate::support::faulty_aws::{FaultyAws, What};
use crate::support::memory_service::{MemoryService, Mode};
use crate::support::program::{PROGRAM, Program};
use crate::support::records::{lines, valid};
use crate::support::terminal::Terminal;

pub fn interrupt(process: &Child) {
    signal(process, "-INT");
}

fn signal(process: &Child, signal: &str) {
    let id = process.id().to_string();
    let killed = Command::new("kill").args([signal, &id]).status();
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
fn interrupted(
    program: &Program,
    service: &MemoryService,
) -> (Child, String, BufReader<ChildStderr>) {
    let (_folder, path) = file(3);
    interrupted_in(program, service, &path, 3)
}

/// The same for another file, when as many rows of it are held.
fn interrupted_in(
    program: &Program,
    service: &MemoryService,
    path: &str,
    held: usize,
) -> (Child, String, BufReader<ChildStderr>) {
    service.set(Mode::Hold);
    let mut process = import(program, service, path);
    service.wait_for_stopped(held);
    interrupt(&process);
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("it is text");
    (process, line, stderr)
}

#[test]
fn rows_that_were_begun_are_finished_after_the_last_one_was_read() {
    let (program, service) = (Program::new(), MemoryService::start());
    let (process, line, mut stderr) = interrupted(&program, &service);
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
    let (program, service) = (Program::new(), MemoryService::start());
    // Its standard error stays open.
    let (mut process, line, _stderr) = interrupted(&program, &service);
    interrupt(&process);
    let ended = process.wait().expect("the program ends");
    assert_eq!(ended.code(), Some(130), "{line}");
}

#[test]
fn ctrl_c_is_seen_while_a_row_waits_for_an_earlier_one_of_its_user() {
    let (program, service) = (Program::new(), MemoryService::start());
    let folder = TempDir::new().expect("there is room for a file");
    let path = folder.path().join("tokens.jsonl");
    let mut later = valid("ada");
    later["expiry_time"] = "4102444800001".into();
    std::fs::write(&path, lines(&[valid("ada"), later])).expect("a file can be written");
    let path = path.to_str().expect("the path is text");
    let (mut process, line, _stderr) = interrupted_in(&program, &service, path, 1);
    assert!(line.contains("finishing the rows"), "{line}");
    interrupt(&process);
    let ended = process.wait().expect("the program ends");
    assert_eq!(ended.code(), Some(130), "{line}");
}

/// Starts an export into a folder whose reads of the store are held.
fn export(program: &Program, aws: &FaultyAws, folder: &TempDir, ignores_hangup: bool) -> Child {
    aws.order("BatchGetSecretValue", 0, What::Hold);
    let path = folder.path().join("backup.jsonl");
    let path = path.to_str().expect("the path is text");
    // The tests themselves may run under `nohup`.
    let hangup = if ignores_hangup { "ignore" } else { "default" };
    let mut command = Command::new("env");
    command
        .arg(format!("--{hangup}-signal=HUP"))
        .args([PROGRAM, "export", "--to", path, "--show-secrets"])
        .env_clear()
        .envs(program.environment())
        .env("AWS_ENDPOINT_URL", &aws.url)
        .stderr(Stdio::null());
    let process = command.spawn().expect("the program can be started");
    aws.wait_for(1);
    process
}

#[test]
fn an_export_that_a_signal_ends_leaves_no_file() {
    let program = Program::with(&[valid("ada")]);
    for name in ["-INT", "-TERM", "-HUP"] {
        let (aws, folder) = (FaultyAws::start(), TempDir::new().expect("there is room"));
        let mut process = export(&program, &aws, &folder, false);
        let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files(), 1, "it is under way");
        signal(&process, name);
        let ended = process.wait().expect("the program ends");
        assert_eq!((ended.code(), files()), (Some(130), 0), "{name}");
        aws.end_fault();
    }
}

#[test]
fn a_hangup_that_is_ignored_does_not_end_an_export() {
    let program = Program::with(&[valid("ada")]);
    let (aws, folder) = (FaultyAws::start(), TempDir::new().expect("there is room"));
    let mut process = export(&program, &aws, &folder, true);
    signal(&process, "-HUP");
    aws.end_fault();
    assert!(process.wait().expect("the program ends").success());
    assert!(folder.path().join("backup.jsonl").is_file());
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
