//! `list`.

use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use crate::support::program::Program;
use crate::support::records::{expired, valid};

#[test]
fn records_are_sorted_by_user_and_have_six_columns() {
    let program = Program::with(&[valid("eve"), expired("ada"), valid("bob")]);
    let rows = program.rows(&["list"]);
    let users: Vec<_> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(users, ["ada", "bob", "eve"]);
    assert_eq!(rows[0][0], program.id("ada"));
    assert_eq!(rows[0][2..3], ["1000.CLIENT"]);
    assert!(rows[0][3].starts_with('-') && !rows[1][3].starts_with('-'));
    assert_eq!(rows[0][4..], ["access, refresh", "expired"]);
    assert_eq!(rows[1][5], "valid");
}

#[test]
fn filters_by_user_and_by_expiry() {
    let program = Program::with(&[valid("ada@x:1"), expired("bob@x:1"), expired("eve@y:1")]);
    let users = |arguments: &[&str]| -> Vec<String> {
        let rows = program.rows(arguments);
        rows.into_iter().map(|row| row[1].clone()).collect()
    };
    assert_eq!(users(&["list", "--user", "*@x:*"]), ["ada@x:1", "bob@x:1"]);
    assert_eq!(users(&["list", "--expired"]), ["bob@x:1", "eve@y:1"]);
    assert_eq!(
        users(&["list", "--user", "???@x:1", "--expired"]),
        ["bob@x:1"]
    );
    assert_eq!(users(&["list", "--failing"]), Vec::<String>::new());
}

#[test]
fn json_has_the_columns_that_are_no_secrets() {
    let program = Program::with(&[valid("ada")]);
    let record = &program.objects(&["list"])[0];
    let expected = json!({
        "id": program.id("ada"),
        "user_name": "ada",
        "client_id": "1000.CLIENT",
        "expiry_time": "4102444800000",
        "expires_at": "2100-01-01T00:00:00Z",
        "api_domain": "https://www.zohoapis.eu",
        "has": [
            "id", "user_name", "client_id", "client_secret", "refresh_token", "access_token",
            "expiry_time", "api_domain",
        ],
        "state": "valid",
    });
    assert_eq!(*record, expected);
}

#[test]
fn secrets_are_shown_only_if_they_are_asked_for() {
    let program = Program::with(&[valid("ada")]);
    let shown = program.run_openly(&["list", "--json", "--show-secrets"], "");
    assert!(shown.stdout.contains("1000.S3CRET-access-ada"));
    assert!(shown.stdout.contains("S3CRET-client"));
}

#[test]
fn a_user_name_cannot_control_the_output() {
    let program = Program::with(&[valid("a\tb\n\u{1b}[2Jc")]);
    let rows = program.rows(&["list"]);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][1], "a\\tb\\n\\u{1b}[2Jc");
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let program = Program::with(&[valid("ada"), valid("bob")]);
    let mut command = program.command(&["list"]);
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    drop(process.stdout.take());
    let mut stderr = String::new();
    let pipe = process.stderr.as_mut().expect("standard error is piped");
    pipe.read_to_string(&mut stderr).expect("it is text");
    let status = process.wait().expect("the program ends");
    assert!(status.success() && stderr.is_empty(), "{stderr}");
}
