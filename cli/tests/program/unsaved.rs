//! A login whose tokens the store does not take.

use std::io::{BufRead, BufReader};
use std::process::Child;

use crate::fake_zoho::FakeZoho;
use crate::support::memory_service::{MemoryService, Mode};
use crate::support::program::Program;
use crate::zoho::{USER, start, start_login};

/// Starts a login of a Self Client whose tokens this service is to store.
fn log_in(zoho: &FakeZoho, service: &MemoryService, options: &[&str]) -> Child {
    let endpoint = [("AWS_ENDPOINT_URL", service.url.as_str())];
    start_login(&Program::new(), zoho, options, &endpoint).0
}

#[test]
fn tokens_of_a_login_are_saved_once_the_store_works_again() {
    let (zoho, service) = (start(), MemoryService::start());
    service.set(Mode::Fail);
    let mut process = log_in(&zoho, &service, &[]);
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while !line.contains("trying again") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "it ends");
    }
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
        let ended = log_in(&zoho, &service, options).wait_with_output();
        let ended = ended.expect("the program ends");
        assert_eq!(ended.status.code(), Some(1));
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(stderr.contains("could not be saved"), "{stderr}");
        assert!(!stderr.contains("refresh_token"), "{stderr}");
        assert_eq!(ended.stdout.is_empty(), !show);
        if show {
            let program = Program::new();
            let token = String::from_utf8(ended.stdout).expect("text");
            let imported = program.run_with(&["import", "-"], &token);
            assert_eq!(imported.status, 0, "{}", imported.stdout);
            assert_eq!(program.rows(&["list"])[0][1], USER);
        }
    }
}
