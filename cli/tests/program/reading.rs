//! The files that `import` reads, and what is wrong in them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::program::Program;
use crate::support::records::{SECRET, valid};
use crate::support::report::is;

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
fn a_quote_that_is_not_closed_is_reported_with_its_lines() {
    let program = Program::new();
    let header = "id,user_name,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_uri,api_domain";
    let row = |user: &str| {
        let name = user.trim_matches('"').replace('\n', " ");
        format!("1,{user},1000.C,{SECRET},1000.{SECRET}-{name},,,,,")
    };
    let file = [
        header.to_owned(),
        row("ada"),
        row("\"bob"),
        row("eve"),
        row("joe\""),
        row("\"two\nlines\""),
        row("\"open"),
        row("ann"),
    ];
    let imported = program.run_with(&["import", "-"], &file.join("\n"));
    assert_eq!(imported.status, 1);
    let mut rows: Vec<_> = imported
        .stdout
        .lines()
        .map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    rows.sort_unstable();
    let expected = [
        "line 2 new",
        "lines 3-5 refused",
        "lines 6-7 new",
        "lines 8-9 refused",
    ];
    assert_eq!(rows, expected, "{}", imported.stdout);
    assert!(
        imported.stdout.contains("a quote is not closed"),
        "{}",
        imported.stdout
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
    database
        .execute_batch(
            "CREATE TABLE extended AS SELECT *, 1 AS created_at FROM oauthtoken WHERE id = '1';
             CREATE TABLE keyed (id varchar(10) PRIMARY KEY, user_name, client_id, client_secret, refresh_token)
             WITHOUT ROWID;
             INSERT INTO keyed SELECT id, user_name, client_id, client_secret, refresh_token FROM extended;
             CREATE VIEW ten AS SELECT id, user_name, client_id, client_secret, refresh_token, access_token, \
             grant_token, expiry_time, redirect_url, api_domain FROM extended;",
        )
        .expect("the tables are made");
    drop(database);
    let program = Program::new();
    let extended = program.run(&[
        "import",
        path.to_str().expect("text"),
        "--table",
        "extended",
    ]);
    assert_eq!(extended.status, 1);
    assert!(
        extended.stderr.contains("`created_at`"),
        "{}",
        extended.stderr
    );
    for table in ["ten", "keyed"] {
        let path = path.to_str().expect("text");
        let dry = program.run(&["import", path, "--table", table, "--dry-run"]);
        is(&dry.stdout, &[("new", 1)]);
    }
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
fn a_mark_of_the_encoding_is_not_a_part_of_the_first_row() {
    let program = Program::new();
    let marked = format!("\u{feff}{}\n", valid("ada"));
    is(
        &program.run_with(&["import", "-"], &marked).stdout,
        &[("new", 1)],
    );
    let header = "id,user_name,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_uri,api_domain";
    let marked = format!("\u{feff}{header}\n1,bob,1000.C,{SECRET},1000.{SECRET}-bob,,,,,\n");
    is(
        &program.run_with(&["import", "-"], &marked).stdout,
        &[("new", 1)],
    );
}

#[test]
fn a_line_that_is_too_long_is_left_out() {
    let program = Program::new();
    let long = format!("{{\"user_name\": \"{}\"}}", "a".repeat(1_000_000));
    let rows = format!("{}\n{long}\n{}\n{long}", valid("ada"), valid("bob"));
    let imported = program.run_with(&["import", "-"], &rows);
    assert_eq!(imported.status, 1);
    is(&imported.stdout, &[("new", 2), ("refused", 2)]);
    for line in ["line 2\trefused", "line 4\trefused"] {
        assert!(imported.stdout.contains(line), "{}", imported.stdout);
    }
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let program = Program::new();
    for arguments in [
        &["import", "-", "--table", "t"][..],
        &["import", "-", "--ca", "ca.pem"],
        &["import", "-", "--plain-text"],
        &["export", "--show-secrets", "--to", "-", "--table", "t"],
        &["export", "--show-secrets", "--to", "x.db", "--ca", "c"],
        &[
            "export",
            "--show-secrets",
            "--to",
            "mysql://h/db",
            "--force",
        ],
    ] {
        let refused = program.run(arguments);
        assert_eq!(refused.status, 2, "{arguments:?}: {}", refused.stderr);
    }
}

/// The most memory that a process has had, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.expect("Linux tells it")
}

#[test]
fn the_memory_of_the_reader_does_not_grow_with_the_rows_of_a_file() {
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
