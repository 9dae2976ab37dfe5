//! `show`, `check`, `reindex`, and what the program says about itself.

use serde_json::json;

use crate::support::memory_service::MemoryService;
use crate::support::program::Program;
use crate::support::records::{SECRET, expired, valid};

#[test]
fn show_finds_a_record_by_user_and_by_id() {
    let program = Program::with(&[valid("ada"), valid("bob")]);
    let id = program.id("ada");
    for name in ["ada", &id] {
        let shown = program.run(&["show", name]);
        assert_eq!(shown.status, 0);
        for part in [
            "record\tuser_name\tada\n",
            "\t(not shown)\n",
            "AWSCURRENT\n",
            "\ntags\tmanaged-by\t",
            &format!("record\tid\t{id}\n"),
        ] {
            assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
        }
        let mut rows = shown.stdout.lines().map(|row| row.split('\t').count());
        assert!(rows.all(|cells| cells == 3), "{}", shown.stdout);
    }
    let openly = program.run_openly(&["show", "ada", "--show-secrets"], "");
    assert!(
        openly
            .stdout
            .contains(&format!("1000.{SECRET}-refresh-ada"))
    );
}

#[test]
fn show_has_versions_with_times_and_labels() {
    let program = Program::with(&[expired("ada")]);
    let again = program.run_with(&["import", "-"], &valid("ada").to_string());
    assert_eq!(again.status, 0, "{}", again.stderr);
    let shown = &program.objects(&["show", "ada"])[0];
    assert_eq!(shown["record"]["user_name"], "ada");
    assert_eq!(shown["secret"]["deleted_at"], json!(null));
    assert_eq!(shown["zoho"]["state"], "valid");
    let versions = shown["secret"]["versions"]
        .as_array()
        .expect("there are versions");
    let labels: Vec<_> = versions.iter().map(|version| &version["labels"]).collect();
    assert_eq!(labels, [&json!(["AWSCURRENT"]), &json!(["AWSPREVIOUS"])]);
    assert!(
        versions
            .iter()
            .all(|version| version["created_at"].is_string())
    );
}

#[test]
fn check_has_a_line_for_each_check_and_a_status() {
    let program = Program::with(&[valid("ada")]);
    let rows = program.rows(&["check"]);
    let index = rows
        .iter()
        .find(|row| row[0] == "index")
        .expect("it is checked");
    assert_eq!(index[1..3], ["passed", "1 record with the right tags"]);
    let objects = program.objects(&["check", "--read-only"]);
    assert_eq!(objects.len(), rows.len());

    let mut broken = program.command(&["check"]);
    broken.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let broken = broken.output().expect("the program can be started");
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("\tfailed\t"));
}

#[test]
fn reindex_counts_what_it_corrects() {
    let program = Program::with(&[valid("ada")]);
    assert_eq!(program.rows(&["reindex"]), [["corrected", "0"]]);
    let mut other = program.command(&["reindex"]);
    other.env("ZOHO_TOKEN_STORE_FINGERPRINT_KEY", "0123456789abcdef");
    let other = other.output().expect("the program can be started");
    assert_eq!(String::from_utf8_lossy(&other.stdout), "corrected\t1\n");
}

#[test]
fn completions_and_the_manual_page_name_every_command() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program.run(&["completions", shell]);
        assert!(
            script.status == 0 && script.stdout.contains("access-token"),
            "{shell}"
        );
    }
    let page = program.run(&["man"]);
    for command in ["LIST", "ACCESS\\-TOKEN", "UNDELETE", "COPY"] {
        let title = format!(".SH \"{command}\"").replace("\\-", "-");
        assert!(page.stdout.contains(&title), "{title}");
    }
    let import = page
        .stdout
        .split(".SH \"")
        .find(|part| part.starts_with("IMPORT\""));
    assert!(import.is_some());
    for part in [
        "zoho\\-tokens import",
        "zoho\\-tokens import sdk_tokens.txt \\-\\-dry\\-run",
        "zoho\\-tokens access\\-token",
    ] {
        assert!(page.stdout.contains(part), "{part}");
    }
}

#[test]
fn show_works_without_the_permission_to_describe_the_secret() {
    let (program, service) = (Program::new(), MemoryService::start());
    let endpoint = ["--endpoint-url", &service.url];
    let imported = program.run_with(
        &[&["import", "-"], &endpoint[..]].concat(),
        &valid("ada").to_string(),
    );
    assert_eq!(imported.status, 0, "{}", imported.stderr);
    let shown = program.run(&[&["show", "ada"], &endpoint[..]].concat());
    assert_eq!(shown.status, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("record\tuser_name\tada\n"));
    assert!(
        shown.stderr.contains("the secret is not shown"),
        "{}",
        shown.stderr
    );
    assert_eq!(service.unknown_actions(), [""; 0]);
}
