//! `import`, `export` and `copy`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::Program;
use crate::support::records::{SECRET, expired, lines, valid};

/// A file that the FileStore of Zoho's SDK for Python 8.0 (zohocrmsdk8_0 7.0.0) has written.
const PYTHON: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/python_sdk_tokens.txt"
);

/// How often each result is in a report.
fn results(report: &str) -> BTreeMap<String, usize> {
    let mut results = BTreeMap::new();
    for line in report.lines() {
        let result = line.split('\t').nth(1).expect("a row has a result");
        *results.entry(result.to_owned()).or_default() += 1;
    }
    results
}

fn is(report: &str, expected: &[(&str, usize)]) {
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(result, number)| ((*result).to_owned(), *number))
        .collect();
    assert_eq!(results(report), expected, "{report}");
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
fn a_file_of_the_python_sdk_is_imported_and_an_import_can_be_repeated() {
    let program = Program::new();
    let dry = program.run(&["import", PYTHON, "--dry-run"]);
    is(&dry.stdout, &[("new", 4)]);
    assert!(program.rows(&["list"]).is_empty());

    let first = program.run(&["import", PYTHON]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    is(&first.stdout, &[("new", 4)]);
    let again = program.run(&["import", PYTHON]);
    is(&again.stdout, &[("same", 4)]);

    let users: Vec<_> = program
        .rows(&["list"])
        .into_iter()
        .map(|row| row[1].clone())
        .collect();
    let expected = [
        "ada@example.com:7",
        "bob, \"the builder\"@example.com:7",
        "o'brien@example.com:7",
        "Žofie@example.com:7",
    ];
    assert_eq!(users, expected);
    let zofie = program.objects(&["list", "--user", "Žofie*"]);
    assert_eq!(
        zofie[0]["has"],
        json!([
            "id",
            "user_name",
            "client_id",
            "client_secret",
            "grant_token"
        ])
    );
}

#[test]
fn the_file_of_the_typescript_sdk_has_no_quotes_and_carriage_returns() {
    let program = Program::new();
    let file = format!(
        "id,user_mail,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_url,api_domain\r\n\
         1,\"ada@example.com,1000.C,{SECRET},1000.{SECRET}-r,,,,https://x.example/cb,https://www.zohoapis.in\r\n\
         \r\n\
         2,b,o,b,1000.C,{SECRET},1000.{SECRET}-b,,,,,\r\n"
    );
    let imported = program.run_with(&["import", "-"], &file);
    assert_eq!(imported.status, 1);
    is(&imported.stdout, &[("new", 1), ("refused", 1)]);
    assert!(
        imported.stdout.contains("line 4\trefused"),
        "{}",
        imported.stdout
    );
    let record = &program.objects(&["list"])[0];
    assert_eq!(record["user_name"], "\"ada@example.com");
    assert_eq!(record["api_domain"], "https://www.zohoapis.in");
}

#[test]
fn bad_rows_are_named_by_line_and_kept_out() {
    let program = Program::new();
    let rows = format!(
        "{}\nno json\n{{\"user_name\": \"\", \"1000.{SECRET}\": 1}}\n\n{{\"client_id\": \"x\"}}\n{}\n",
        valid("ada"),
        valid("bob"),
    );
    let imported = program.run_with(&["import", "-"], &rows);
    assert_eq!(imported.status, 1);
    is(&imported.stdout, &[("new", 2), ("refused", 3)]);
    for line in ["line 2", "line 3", "line 5"] {
        assert!(
            imported.stdout.contains(&format!("{line}\trefused")),
            "{}",
            imported.stdout
        );
    }
    assert!(
        imported
            .stderr
            .contains("2 new, 0 same, 0 updated, 3 refused")
    );
}

#[test]
fn a_file_without_a_header_is_refused_without_showing_its_values() {
    let program = Program::new();
    let row = format!("1,ada,1000.C,{SECRET},1000.{SECRET},,,,,\n");
    let imported = program.run_with(&["import", "-"], &row);
    assert_eq!(imported.status, 1);
    assert!(
        imported.stderr.contains("the header may be missing"),
        "{}",
        imported.stderr
    );
}

#[test]
fn a_password_in_a_url_is_not_printed() {
    let program = Program::new();
    for url in [
        format!("mariadb://root:{SECRET}@h/db"),
        format!("postgres://root:{SECRET}@h/db"),
        format!("mysql:/root:{SECRET}@h/db"),
        format!("root:{SECRET}@h/db"),
        format!("mysql://root:{SECRET}@h:port/db"),
    ] {
        // `run` looks for the password in what is printed.
        assert_ne!(program.run(&["import", &url]).status, 0);
        assert_ne!(
            program
                .run(&["export", "--show-secrets", "--to", &url])
                .status,
            0
        );
    }
    assert_eq!(program.run(&["import", "mariadb://h/db"]).status, 2);
}

#[test]
fn an_older_row_is_refused_unless_it_is_to_overwrite() {
    let program = Program::with(&[valid("ada")]);
    let mut old = expired("ada");
    old["access_token"] = format!("1000.{SECRET}-old").into();
    let refused = program.run_with(&["import", "-"], &old.to_string());
    assert_eq!(refused.status, 1);
    assert!(refused.stdout.contains("--overwrite"), "{}", refused.stdout);
    assert_eq!(program.objects(&["list"])[0]["state"], "valid");
    let forced = program.run_with(&["import", "-", "--overwrite"], &old.to_string());
    is(&forced.stdout, &[("updated", 1)]);
    assert_eq!(program.objects(&["list"])[0]["state"], "expired");
}

#[test]
fn a_repeated_import_does_not_replace_a_later_login() {
    let program = Program::new();
    let mut login = json!({
        "user_name": "ada", "client_id": "1000.C", "client_secret": SECRET,
        "refresh_token": format!("1000.{SECRET}-first"),
    });
    let file = login.to_string();
    is(
        &program.run_with(&["import", "-"], &file).stdout,
        &[("new", 1)],
    );
    is(
        &program.run_with(&["import", "-"], &file).stdout,
        &[("same", 1)],
    );
    login["refresh_token"] = format!("1000.{SECRET}-second").into();
    login["access_token"] = format!("1000.{SECRET}-access").into();
    login["expiry_time"] = json!("4102444800000");
    let later = program.run_with(&["import", "-", "--overwrite"], &login.to_string());
    is(&later.stdout, &[("updated", 1)]);
    let stored = program.export();

    let again = program.run_with(&["import", "-"], &file);
    assert_eq!(again.status, 1);
    is(&again.stdout, &[("refused", 1)]);
    assert!(
        again.stdout.contains("nothing has to be done"),
        "{}",
        again.stdout
    );
    assert_eq!(program.export(), stored);
    let forced = program.run_with(&["import", "-", "--overwrite"], &file);
    is(&forced.stdout, &[("updated", 1)]);
}

#[test]
fn a_dry_run_says_what_the_import_does() {
    let row = |columns: &[(&str, &str)]| {
        let mut row = json!({"user_name": "ada", "client_id": "1000.C", "client_secret": SECRET});
        for (column, value) in columns {
            row[*column] = json!(value);
        }
        row
    };
    let token = |name: &str| format!("1000.{SECRET}-{name}");
    let rows = lines(&[
        // No token value: there is nothing to store.
        json!({"user_name": "nobody", "client_id": "1000.C"}),
        row(&[("refresh_token", &token("a"))]),
        row(&[("refresh_token", &token("a"))]),
        row(&[("refresh_token", &token("b"))]),
        row(&[
            ("access_token", &token("c")),
            ("expiry_time", "4102444800000"),
        ]),
        row(&[
            ("access_token", &token("d")),
            ("expiry_time", "4102444700000"),
        ]),
        valid("bob"),
    ]);
    let program = Program::new();
    let results = |arguments: &[&str]| -> Vec<(String, String)> {
        let ran = program.run_with(arguments, &rows);
        let lines = ran.stdout.lines().map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            (cells[0].to_owned(), cells[1].to_owned())
        });
        let mut results: Vec<_> = lines.collect();
        results.sort();
        results
    };
    let dry = results(&["import", "-", "--dry-run"]);
    let names: Vec<_> = dry.iter().map(|(_, result)| result.as_str()).collect();
    let expected = [
        "refused", "new", "same", "updated", "updated", "refused", "new",
    ];
    assert_eq!(names, expected);
    assert!(program.rows(&["list"]).is_empty());
    assert_eq!(results(&["import", "-"]), dry);
}

#[test]
fn ids_of_another_store_never_overwrite_another_user() {
    let mut eve = valid("eve");
    eve["id"] = json!("1");
    let program = Program::with(&[eve]);
    let before = program.export();
    let imported = program.run(&["import", PYTHON, "--ids", "keep"]);
    assert_eq!(imported.status, 1);
    is(&imported.stdout, &[("new", 3), ("refused", 1)]);
    assert!(program.export().contains(&before[0]));
    let imported = program.run(&["import", PYTHON]);
    is(&imported.stdout, &[("new", 1), ("same", 3)]);
    assert_eq!(program.rows(&["list"]).len(), 5);
}

#[test]
fn rows_of_one_user_are_saved_in_their_order() {
    let program = Program::new();
    let rows: Vec<_> = (0..20)
        .map(|number| {
            let mut row = valid("ada");
            row["access_token"] = format!("1000.{SECRET}-{number}").into();
            row["expiry_time"] = (4_102_444_800_000_u64 + number).to_string().into();
            row
        })
        .collect();
    let imported = program.run_with(&["import", "-"], &lines(&rows));
    is(&imported.stdout, &[("new", 1), ("updated", 19)]);
    let stored = program.export();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["access_token"], format!("1000.{SECRET}-19"));
}

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
fn the_guides_database_is_imported() {
    let folder = TempDir::new().expect("there is room for a file");
    let path = folder.path().join("zohooauth.db");
    let database = rusqlite::Connection::open(&path).expect("a database can be made");
    database
        .execute_batch(&format!(
            "CREATE TABLE oauthtoken (id varchar(10) NOT NULL, user_name varchar(255), client_id varchar(255), \
             client_secret varchar(255), refresh_token varchar(255), access_token varchar(255), \
             grant_token varchar(255), expiry_time varchar(20), redirect_url varchar(255), \
             api_domain varchar(255), primary key (id));
             INSERT INTO oauthtoken VALUES ('1', 'ada', 'c', '{SECRET}', '{SECRET}-r', '{SECRET}-a', NULL, \
             '4102444800000', NULL, 'https://www.zohoapis.com');
             INSERT INTO oauthtoken VALUES ('2', 'bob', 'c', '{SECRET}', '{SECRET}-r2', '', '', 17, '', x'00');"
        ))
        .expect("the tables are made");
    drop(database);
    let program = Program::new();
    let imported = program.run(&["import", path.to_str().expect("the path is text")]);
    assert_eq!(imported.status, 1);
    is(&imported.stdout, &[("new", 1), ("refused", 1)]);
    assert!(
        imported
            .stdout
            .contains("row 2\trefused\t-\t-\t`api_domain` is not text")
    );
    let missing = program.run(&["import", path.to_str().expect("text"), "--table", "other"]);
    assert_eq!(missing.status, 1);
    let injected = program.run(&["import", path.to_str().expect("text"), "--table", "a\"; --"]);
    assert_eq!(injected.status, 2);
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

/// The most memory that a process has had, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.expect("Linux tells it")
}

#[test]
fn memory_does_not_grow_with_the_number_of_rows() {
    const ROWS: usize = 100_000;
    let folder = TempDir::new().expect("there is room for a file");
    let path = folder.path().join("sdk_tokens.txt");
    let header = "id,user_name,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_uri,api_domain\n";
    // Rows without a client secret are refused before AWS is asked.
    let row = |number| format!("{number},,1000.C,,1000.{SECRET}-{number:0>60},,,,,\n");
    let file: String = std::iter::once(header.to_owned())
        .chain((0..ROWS).map(row))
        .collect();
    fs::write(&path, file).expect("a file can be written");
    let program = Program::new();
    let mut command = program.command(&["import", path.to_str().expect("the path is text")]);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut process = process.expect("the program can be started");
    let stdout = process.stdout.take().expect("standard output is piped");
    let mut peaks = Vec::new();
    for (number, line) in BufReader::new(stdout).lines().enumerate() {
        let line = line.expect("it is text");
        assert!(
            line.contains("\trefused\t") && !line.contains(SECRET),
            "{line}"
        );
        if number == ROWS / 10 || number == ROWS * 9 / 10 {
            peaks.push(peak(process.id()));
        }
    }
    let ended = process.wait_with_output().expect("the program ends");
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("100000 refused"));
    assert!(peaks[1] - peaks[0] < 4_096, "{peaks:?} KiB");
}
