//! Exit statuses, and one line for each error.

use std::process::Stdio;

use crate::support::program::Program;

#[test]
fn the_exit_status_tells_what_kind_of_failure_it_is() {
    let program = Program::new();
    for (arguments, status) in [
        (&["list"][..], 0),
        (&["show", "nobody"], 3),
        (&["delete", "nobody", "--yes"], 3),
        (&["undelete", "nobody"], 3),
        (&["access-token", "nobody"], 3),
        (&["refresh", "nobody"], 3),
        (&["revoke", "nobody", "--yes"], 3),
        (&["show"], 2),
        (&["nonsense"], 2),
        (&["export", "--to", "x.jsonl"], 2),
        (&["copy"], 2),
        (&["import", "/nonexistent"], 1),
        (&["list", "--region", "no region"], 1),
        (&["list", "--endpoint-url", "localhost"], 1),
    ] {
        let ran = program.run(arguments);
        assert_eq!(ran.status, status, "{arguments:?}: {}", ran.stderr);
        if matches!(status, 1 | 3) {
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
            assert!(ran.stderr.starts_with("zoho-tokens: "), "{}", ran.stderr);
            assert!(ran.stdout.is_empty());
        }
    }
}

#[test]
fn options_come_before_the_environment() {
    let program = Program::with(&[crate::support::records::valid("ada")]);
    let other = format!("{}other/", program.prefix);
    assert!(program.rows(&["list", "--prefix", &other]).is_empty());
    let mut elsewhere = program.command(&["list", "--prefix", &program.prefix]);
    elsewhere.env("ZOHO_TOKEN_STORE_PREFIX", &other);
    let listed = elsewhere.output().expect("the program can be started");
    assert_eq!(
        listed.stdout.iter().filter(|&&byte| byte == b'\n').count(),
        1
    );
    let endpoint = crate::support::localstack::endpoint();
    let mut named = program.command(&["list", "--endpoint-url", endpoint, "--region", "us-east-1"]);
    named
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("AWS_REGION");
    let named = named.output().expect("the program can be started");
    assert_eq!(named.stdout, listed.stdout);
}

#[test]
fn a_failure_is_one_although_nobody_reads_the_output() {
    let program = Program::new();
    for (arguments, status) in [(&["check"][..], 1), (&["check", "--json"], 1)] {
        let mut command = program.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().expect("the program can be started");
        drop(process.stdout.take());
        let ended = process.wait().expect("the program ends");
        assert_eq!(ended.code(), Some(status), "{arguments:?}");
    }
    let mut successful = program.command(&["list", "--json"]);
    let mut process = successful
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(process.stdout.take());
    assert!(process.wait().expect("the program ends").success());
}
