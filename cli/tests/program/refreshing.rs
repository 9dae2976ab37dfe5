//! Refreshes under way: Ctrl-C, and what `show` says about them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fake_zoho::FakeZoho;
use crate::interrupting::interrupt;
use crate::support::faulty_aws::{FaultyAws, What};
use crate::support::program::Program;
use crate::support::terminal::Terminal;
use crate::zoho::{USER, client, logged_in, start};

#[test]
fn ctrl_c_ends_a_sweep_after_the_refreshes_that_were_begun() {
    let zoho = start();
    let token = |number: usize| {
        let mut login = client();
        login["email"] = json!(format!("user{number}@example.com"));
        let mut token = zoho.control("login", login);
        token["accounts_url"] = json!(zoho.url());
        token["expiry_time"] = json!("1700000000000");
        token
    };
    let program = Program::with(&(0..12).map(token).collect::<Vec<_>>());
    // As many as are refreshed at the same time.
    zoho.control(
        "fault",
        json!({"on": "refresh", "kind": "hang", "times": 8}),
    );
    let mut arguments = vec!["refresh", "--expiring", "10m"];
    arguments.extend(["--yes", "--accounts-url", zoho.url()]);
    let mut terminal = Terminal::start(&program, &arguments, &[]);
    terminal.wait_for("tokens refreshed: 0");
    wait_for_refreshes(&zoho, 8);
    terminal.type_in("\u{3}");
    terminal.wait_for("finishing the refreshes that were begun");
    zoho.control("release", json!({}));
    assert_eq!(terminal.finish(), 130);
    assert!(
        terminal.shown().contains("interrupted after 8 tokens"),
        "{}",
        terminal.shown()
    );
    assert_eq!(zoho.requests("refresh"), 8);
    let listed = program.objects(&["list"]);
    let valid = listed.iter().filter(|record| record["state"] == "valid");
    assert_eq!(valid.count(), 8);
}

fn wait_for_refreshes(zoho: &FakeZoho, number: usize) {
    wait_for(zoho, "refresh", number);
}

fn wait_for(zoho: &FakeZoho, kind: &str, number: usize) {
    let started = Instant::now();
    while zoho.requests(kind) < number {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "there are fewer"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn show_says_since_when_a_token_is_being_refreshed() {
    let zoho = start();
    let program = logged_in(&zoho);
    zoho.control(
        "fault",
        json!({"on": "refresh", "kind": "hang", "times": 1}),
    );
    let mut command = program.command(&["refresh", USER, "--accounts-url", zoho.url()]);
    command.stdout(Stdio::null());
    let mut process = command.spawn().expect("the program can be started");
    wait_for_refreshes(&zoho, 1);
    let shown = program.rows(&["show", USER]);
    let state = shown
        .iter()
        .find(|row| row[1] == "state")
        .expect("it has a state");
    let expected = "a process refreshes it, or has crashed while it did (since 20";
    assert!(state[2].starts_with(expected), "{state:?}");
    let zoho_state = &program.objects(&["show", USER])[0]["zoho"];
    assert_eq!(zoho_state["state"], "refreshing");
    assert!(zoho_state["since"].is_string());
    zoho.control("release", json!({}));
    assert!(process.wait().expect("the program ends").success());
}

#[test]
fn ctrl_c_during_a_revocation_leaves_no_record() {
    let zoho = start();
    let program = logged_in(&zoho);
    let fault = json!({"on": "revoke", "kind": "hang_after", "times": 1});
    zoho.control("fault", fault);
    let mut command = program.command(&["revoke", USER, "--yes"]);
    command
        .args(["--accounts-url", zoho.url()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = command.spawn().expect("the program can be started");
    wait_for(&zoho, "revoke", 1);
    interrupt(&process);
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("it is text");
    assert!(line.contains("finishing a request to Zoho"), "{line}");
    zoho.control("release", json!({}));
    assert!(process.wait().expect("the program ends").success());
    assert!(program.rows(&["list"]).is_empty());
}

#[test]
fn ctrl_c_ends_a_sweep_whose_leases_are_being_put() {
    let zoho = start();
    let (program, aws) = (logged_in(&zoho), FaultyAws::start());
    aws.order("PutSecretValue", 0, What::Hold);
    let mut command = program.command(&["refresh", "--expiring", "2h"]);
    command
        .args(["--accounts-url", zoho.url()])
        .env("AWS_ENDPOINT_URL", &aws.url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = command.spawn().expect("the program can be started");
    aws.wait_for(1);
    interrupt(&process);
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("it is text");
    assert!(line.contains("finishing the refreshes"), "{line}");
    aws.end_fault();
    assert_eq!(process.wait().expect("the program ends").code(), Some(130));
    let zoho_state = &program.objects(&["show", USER])[0]["zoho"];
    assert_eq!(zoho_state["state"], "valid", "no lease is left");
}

#[test]
fn a_person_is_asked_before_tokens_are_refreshed() {
    let zoho = start();
    let program = logged_in(&zoho);
    let arguments = ["refresh", "--expiring", "2h", "--accounts-url", zoho.url()];
    for (answer, status, requests) in [("n\r", 1, 0), ("y\r", 0, 1)] {
        let mut terminal = Terminal::start(&program, &arguments, &[]);
        terminal.wait_for("Refresh 1 token? [y/N] ");
        terminal.type_in(answer);
        assert_eq!(terminal.finish(), status);
        assert_eq!(zoho.requests("refresh"), requests);
    }
    let mut none = arguments;
    none[2] = "1m";
    let mut terminal = Terminal::start(&program, &none, &[]);
    assert_eq!(terminal.finish(), 0, "there is nothing to ask about");
}
