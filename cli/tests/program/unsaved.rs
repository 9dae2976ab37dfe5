//! Tokens that Zoho has issued and the store does not take.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::fake_zoho::FakeZoho;
use crate::support::faulty_aws::{FaultyAws, What};
use crate::support::memory_service::{MemoryService, Mode};
use crate::support::program::Program;
use crate::zoho::{USER, logged_in, start, start_login};

/// Starts a login of a Self Client whose tokens this service is to store.
fn log_in(program: &Program, zoho: &FakeZoho, service: &MemoryService, options: &[&str]) -> Child {
    let endpoint = [("AWS_ENDPOINT_URL", service.url.as_str())];
    start_login(program, zoho, options, &endpoint).0
}

fn wait_for_second_attempt(process: &mut Child) {
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while !line.contains("trying again") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "it ends");
    }
    // What follows is read, so that the program can write it.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
}

#[test]
fn tokens_of_a_login_are_saved_once_the_store_works_again() {
    let (zoho, service) = (start(), MemoryService::start());
    service.set(Mode::Fail);
    let program = Program::new();
    let mut process = log_in(&program, &zoho, &service, &[]);
    wait_for_second_attempt(&mut process);
    service.set(Mode::Succeed);
    let ended = process.wait_with_output().expect("the program ends");
    let stdout = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && stdout.ends_with(&format!("\t{USER}\n")),
        "{stdout}"
    );
    assert_eq!(service.created(), 1);
    assert_eq!(service.unknown_actions(), [""; 0]);
}

#[test]
fn tokens_of_a_login_that_cannot_be_saved_are_printed_if_secrets_may_be() {
    for show in [true, false] {
        let (zoho, service) = (start(), MemoryService::start());
        service.set(Mode::Refuse);
        let options: &[&str] = if show { &["--show-secrets"] } else { &[] };
        let program = Program::new();
        let ended = log_in(&program, &zoho, &service, options).wait_with_output();
        let ended = ended.expect("the program ends");
        assert_eq!(ended.status.code(), Some(1));
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(stderr.contains("could not be saved"), "{stderr}");
        assert!(!stderr.contains("refresh_token"), "{stderr}");
        assert_eq!(ended.stdout.is_empty(), !show);
        if show {
            let token = String::from_utf8(ended.stdout).expect("text");
            let imported = program.run_with(&["import", "-"], &token);
            assert_eq!(imported.status, 0, "{}", imported.stdout);
            assert_eq!(program.rows(&["list"])[0][1], USER);
        }
    }
}

#[test]
fn a_login_whose_tokens_nobody_reads_has_failed() {
    let (zoho, service) = (start(), MemoryService::start());
    service.set(Mode::Refuse);
    let program = Program::new();
    let mut process = log_in(&program, &zoho, &service, &["--show-secrets"]);
    drop(process.stdout.take());
    let ended = process.wait_with_output().expect("the program ends");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("log in again"), "{stderr}");
    assert!(!stderr.contains("are printed on"), "{stderr}");
}

/// Starts a command that refreshes, through this proxy.
fn refresh(program: &Program, zoho: &FakeZoho, aws: &FaultyAws, arguments: &[&str]) -> Child {
    let mut command = program.command(arguments);
    command
        .args(["--accounts-url", zoho.url()])
        .env("AWS_ENDPOINT_URL", &aws.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the program can be started")
}

const COMMANDS: [&[&str]; 2] = [&["refresh", USER], &["refresh", "--expiring", "10m"]];

/// A store with a login at this Zoho whose access token has expired.
fn with_expired_token(zoho: &FakeZoho) -> Program {
    let program = logged_in(zoho);
    let mut stored = program.export();
    stored[0]["expiry_time"] = json!("1700000000000");
    let aged = program.run_with(&["import", "-", "--overwrite"], &stored[0].to_string());
    assert_eq!(aged.status, 0, "{}", aged.stderr);
    program
}

#[test]
fn a_refreshed_token_is_saved_once_the_store_works_again() {
    for (arguments, rotates) in [(0, false), (0, true), (1, false), (1, true)] {
        let (zoho, aws) = (start(), FaultyAws::start());
        let program = with_expired_token(&zoho);
        let former = program.export();
        zoho.control("settings", json!({"rotate_refresh_tokens": rotates}));
        // The lease is put.
        aws.order("PutSecretValue", 1, What::Fail);
        let mut process = refresh(&program, &zoho, &aws, COMMANDS[arguments]);
        wait_for_second_attempt(&mut process);
        aws.end_fault();
        let ended = process.wait_with_output().expect("the program ends");
        let stdout = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(ended.status.code(), Some(0), "{stdout}");
        let said = ["refreshed\t", "refreshed\t1\nfailed\t0\n"][arguments];
        assert!(stdout.contains(said), "{stdout}");
        let stored = program.export();
        assert_ne!(stored[0]["access_token"], former[0]["access_token"]);
        let is_new = stored[0]["refresh_token"] != former[0]["refresh_token"];
        assert_eq!(is_new, rotates);
        assert_eq!(zoho.requests("refresh"), 1);
        let shown = &program.objects(&["show", USER])[0]["zoho"];
        assert_eq!(shown["state"], "valid");
    }
}

#[test]
fn a_refreshed_token_that_cannot_be_saved_is_a_failure() {
    for arguments in COMMANDS {
        let (zoho, aws) = (start(), FaultyAws::start());
        let program = with_expired_token(&zoho);
        let former = program.export();
        aws.order("PutSecretValue", 1, What::ExceedQuota);
        let ended = refresh(&program, &zoho, &aws, arguments).wait_with_output();
        let ended = ended.expect("the program ends");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("could not be saved"), "{stderr}");
        let stdout = String::from_utf8_lossy(&ended.stdout);
        assert!(!stdout.contains("refreshed\t1"), "{stdout}");
        assert_eq!(stdout.is_empty(), arguments == COMMANDS[0]);
        assert_eq!(program.export(), former);
    }
}

#[test]
fn a_refresh_token_that_cannot_be_saved_is_printed_if_secrets_may_be() {
    for arguments in COMMANDS {
        let (zoho, aws) = (start(), FaultyAws::start());
        let program = with_expired_token(&zoho);
        let former = program.export();
        zoho.control("settings", json!({"rotate_refresh_tokens": true}));
        aws.order("PutSecretValue", 1, What::ExceedQuota);
        let arguments = [arguments, &["--show-secrets"]].concat();
        let ended = refresh(&program, &zoho, &aws, &arguments).wait_with_output();
        let ended = ended.expect("the program ends");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains("are printed on standard output"),
            "{stderr}"
        );
        let stdout = String::from_utf8_lossy(&ended.stdout);
        let printed = stdout.lines().next().expect("the token is printed");
        let printed: Value = serde_json::from_str(printed).expect("an object");
        assert_ne!(printed["refresh_token"], former[0]["refresh_token"]);
        let imported = program.run_with(&["import", "-"], &printed.to_string());
        assert_eq!(imported.status, 0, "{}", imported.stdout);
        let stored = program.export();
        assert_eq!(stored[0]["refresh_token"], printed["refresh_token"]);
    }
}

#[test]
fn an_access_token_is_printed_although_it_cannot_be_saved() {
    let (zoho, aws) = (start(), FaultyAws::start());
    let program = with_expired_token(&zoho);
    aws.order("PutSecretValue", 1, What::ExceedQuota);
    let ended = refresh(&program, &zoho, &aws, &["access-token", USER]).wait_with_output();
    let ended = ended.expect("the program ends");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success() && stderr.contains("could not be saved"),
        "{stderr}"
    );
    assert!(String::from_utf8_lossy(&ended.stdout).starts_with("1000."));
}
