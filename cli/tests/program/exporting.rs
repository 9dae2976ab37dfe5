//! `export` and `copy`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::Program;
use crate::support::records::{expired, valid};
use crate::support::report::is;

#[test]
fn an_export_needs_consent_and_only_its_owner_can_read_it() {
    let program = Program::with(&[valid("ada")]);
    let folder = TempDir::new().expect("there is room for a file");
    let path = folder.path().join("tokens.jsonl");
    let to = path.to_str().expect("the path is text");
    let unasked = program.run(&["export", "--to", to]);
    assert!(unasked.status == 2 && !path.exists());
    let exported = program.run(&["export", "--to", to, "--show-secrets"]);
    assert_eq!(exported.status, 0, "{}", exported.stderr);
    let mode = fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = program.run(&["export", "--to", to, "--show-secrets"]);
    assert_eq!(again.status, 2, "it exists");
    let forced = program.run(&["export", "--to", to, "--show-secrets", "--force"]);
    assert_eq!(forced.status, 0, "{}", forced.stderr);
    let left = fs::read_dir(folder.path()).expect("it is a folder").count();
    assert_eq!(left, 1, "nothing half-done stays");
}

#[test]
fn an_export_that_cannot_read_the_store_leaves_the_former_one() {
    let program = Program::with(&[valid("ada")]);
    let folder = TempDir::new().expect("there is room for a file");
    for name in ["backup.jsonl", "backup.txt", "backup.db"] {
        let path = folder.path().join(name);
        let arguments = [
            "export",
            "--to",
            path.to_str().expect("text"),
            "--show-secrets",
            "--force",
        ];
        assert_eq!(program.run(&arguments).status, 0);
        let backup = fs::read(&path).expect("it is there");
        let mut broken = program.command(&arguments);
        let broken = broken
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .output();
        let broken = broken.expect("the program can be started");
        assert_eq!(broken.status.code(), Some(1));
        let printed = String::from_utf8_lossy(&broken.stderr);
        assert!(printed.contains("is not written"), "{printed}");
        assert_eq!(fs::read(&path).expect("it is there"), backup, "{name}");
    }
    let left = fs::read_dir(folder.path()).expect("it is a folder").count();
    assert_eq!(left, 3, "nothing half-done stays");
}

#[test]
fn an_export_that_lacks_records_can_go_to_standard_output() {
    let program = Program::with(&[valid("ada")]);
    // What the note of an export that lacks records advises.
    let printed = program.run_openly(&["export", "--to", "-", "--show-secrets"], "");
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    let record: Value = serde_json::from_str(printed.stdout.trim()).expect("an object");
    assert_eq!(record["user_name"], "ada");
}

#[test]
fn a_link_stays_one_and_what_is_not_a_file_is_not_replaced() {
    let program = Program::with(&[valid("ada")]);
    let folder = TempDir::new().expect("there is room for a file");
    let path = |name: &str| folder.path().join(name);
    let export = |name: &str, force: bool| {
        let to = path(name).display().to_string();
        let mut arguments = vec!["export", "--to", to.as_str(), "--format", "json-lines"];
        arguments.push("--show-secrets");
        arguments.extend(force.then_some("--force"));
        program.run(&arguments)
    };
    fs::create_dir(path("safe")).expect("a folder can be made");
    fs::write(path("safe/tokens.jsonl"), "former").expect("a file can be written");
    symlink(path("safe/tokens.jsonl"), path("link.jsonl")).expect("a link can be made");
    assert_eq!(export("link.jsonl", false).status, 2, "it exists");
    let exported = export("link.jsonl", true);
    assert_eq!(exported.status, 0, "{}", exported.stderr);
    let link = fs::symlink_metadata(path("link.jsonl")).expect("it is there");
    assert!(link.is_symlink());
    let file = fs::read_to_string(path("safe/tokens.jsonl")).expect("it is there");
    assert!(file.contains("ada"));

    symlink(path("nowhere.jsonl"), path("dangling.jsonl")).expect("a link can be made");
    assert_eq!(export("dangling.jsonl", true).status, 1);
    symlink("/dev/null", path("null")).expect("a link can be made");
    for other in ["null", "safe"] {
        let refused = export(other, true);
        assert_eq!(refused.status, 2, "{}", refused.stderr);
        assert!(
            refused.stderr.contains("is not a file"),
            "{}",
            refused.stderr
        );
    }
    let left = fs::read_dir(folder.path()).expect("it is a folder").count();
    assert_eq!(left, 4, "nothing half-done stays");
}

#[test]
fn every_format_brings_all_records_back() {
    let mut with_url = expired("bob");
    with_url["redirect_url"] = json!("https://x.example/cb?a=1&b=2");
    let source = Program::with(&[valid("ada"), with_url, valid("eve")]);
    let all = source.export();
    let folder = TempDir::new().expect("there is room for a file");
    for (name, format) in [
        ("a.jsonl", "json-lines"),
        ("a.txt", "file-store"),
        ("b.txt", "file-store-typescript"),
        ("a.db", "sqlite"),
    ] {
        let path = folder.path().join(name);
        let to = path.to_str().expect("the path is text");
        let exported = source.run(&["export", "--to", to, "--format", format, "--show-secrets"]);
        assert_eq!(exported.status, 0, "{}", exported.stderr);
        let target = Program::new();
        let imported = target.run(&["import", to]);
        is(&imported.stdout, &[("new", 3)]);
        assert_eq!(target.export(), all, "{format}");
        let again = source.run(&["import", to]);
        is(&again.stdout, &[("same", 3)]);
    }
}

#[test]
fn an_export_of_an_empty_store_is_imported() {
    let program = Program::new();
    let folder = TempDir::new().expect("there is room for a file");
    for name in ["a.jsonl", "a.txt", "a.db"] {
        let path = folder.path().join(name);
        let to = path.to_str().expect("the path is text");
        assert_eq!(
            program
                .run(&["export", "--to", to, "--show-secrets"])
                .status,
            0
        );
        let imported = program.run(&["import", to]);
        assert_eq!(imported.status, 0, "{name}: {}", imported.stderr);
        assert!(imported.stderr.contains("0 new"), "{}", imported.stderr);
    }
}

/// Records without their ids.
fn anonymous(records: Vec<Value>) -> Vec<Value> {
    let mut records: Vec<_> = records
        .into_iter()
        .map(|mut record| {
            record["id"] = Value::Null;
            record
        })
        .collect();
    records.sort_by_key(Value::to_string);
    records
}

#[test]
fn a_copy_keeps_ids_and_can_be_repeated() {
    let mut named = valid("eve");
    named["id"] = json!("named");
    let source = Program::with(&[valid("ada"), valid("bob"), named]);
    let target = Program::new();
    let dry = source.run(&["copy", "--to-prefix", &target.prefix, "--dry-run"]);
    is(&dry.stdout, &[("new", 3)]);
    assert!(target.rows(&["list"]).is_empty());
    let copied = source.run(&["copy", "--to-prefix", &target.prefix]);
    assert_eq!(copied.status, 0, "{}", copied.stderr);
    assert_eq!(target.export(), source.export());
    let again = source.run(&["copy", "--to-prefix", &target.prefix]);
    is(&again.stdout, &[("same", 3)]);
}

#[test]
fn new_ids_are_derived_from_the_user() {
    let mut named = valid("eve");
    named["id"] = json!("named");
    let source = Program::with(&[named]);
    let target = Program::new();
    source.run(&["copy", "--to-prefix", &target.prefix, "--ids", "new"]);
    let copied = target.export();
    assert_ne!(copied[0]["id"], "named");
    assert_eq!(anonymous(copied), anonymous(source.export()));
}
