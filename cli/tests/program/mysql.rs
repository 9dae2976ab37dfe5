//! The SDKs' table in a MariaDB that the test starts.

use std::io::Write;

use serde_json::json;

use crate::support::mariadb::MariaDb;
use crate::support::program::Program;
use crate::support::records::{SECRET, lines, valid};

/// A table that the DBStore of Zoho's SDK for Python 8.0 (zohocrmsdk8_0 7.0.0) has written into
/// MariaDB 10.11.
const PYTHON: &str = include_str!("../data/python_sdk_dbstore.sql");

/// A MariaDB with the SDK's table. Without one a line says so: on standard error itself, as the test
/// harness keeps what a test that succeeds prints with `eprintln`.
fn database() -> Option<MariaDb> {
    let database = MariaDb::start();
    match &database {
        Some(database) => database.sql(PYTHON),
        None => not_run(
            "import from and export to MySQL: there is no MariaDB (apt-get install mariadb-server)",
        ),
    }
    database
}

fn not_run(what: &str) {
    writeln!(std::io::stderr(), "NOT RUN: {what}").expect("standard error can be written");
}

#[test]
fn the_table_of_the_sdk_is_imported_and_exported() {
    let Some(database) = database() else { return };
    let program = Program::new();
    let url = database.url();
    let dry = program.rows(&["import", &url, "--dry-run"]);
    assert!(
        dry.len() == 4 && dry.iter().all(|row| row[1] == "new"),
        "{dry:?}"
    );
    let imported = program.rows(&["import", &url]);
    assert!(imported.iter().all(|row| row[1] == "new"), "{imported:?}");
    let again = program.rows(&["import", &url]);
    assert!(
        again.len() == 4 && again.iter().all(|row| row[1] == "same"),
        "{again:?}"
    );
    let users: Vec<_> = program
        .rows(&["list"])
        .into_iter()
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(
        users[1..],
        [
            "bob, \"the builder\"@example.com:7",
            "o'brien@example.com:7",
            "Žofie@example.com:7"
        ]
    );

    // Twice: an export can be repeated.
    for _ in 0..2 {
        let arguments = [
            "export",
            "--to",
            &url,
            "--table",
            "copied",
            "--show-secrets",
        ];
        let exported = program.run(&arguments);
        assert_eq!(exported.status, 0, "{}", exported.stderr);
    }
    let other = Program::new();
    let back = other.run(&["import", &url, "--table", "copied"]);
    assert_eq!(back.status, 0, "{}", back.stderr);
    assert_eq!(other.export(), program.export());

    let missing = program.run(&["import", &url, "--table", "missing"]);
    assert_eq!(missing.status, 1);
    let refused = program.run(&["import", &url.replace("root@", "nobody:wrong@")]);
    assert_eq!(refused.status, 1);
    assert!(!refused.stderr.contains("wrong"), "{}", refused.stderr);
}

#[test]
fn an_export_goes_into_the_table_that_the_sdk_uses() {
    let Some(database) = database() else { return };
    let (program, url) = (Program::new(), database.url());
    program.rows(&["import", &url]);
    let mut changed = valid("ada@example.com:7");
    changed["access_token"] = json!(format!("1000.{SECRET}-later"));
    changed["expiry_time"] = json!("4102444900000");
    let mut other = valid("ada@example.com:7");
    other["client_id"] = json!("1000.OTHER");
    let later = program.run_with(&["import", "-"], &lines(&[changed, other, valid("eve")]));
    assert_eq!(later.status, 0, "{}", later.stdout);
    let table = "SELECT CONCAT_WS(' ', id, user_name, client_id) FROM oauthtoken ORDER BY 1";
    let export = ["export", "--to", &url, "--show-secrets"];
    for _ in 0..2 {
        let exported = program.run(&export);
        assert_eq!(exported.status, 0, "{}", exported.stderr);
        let mut rows = database.query(table);
        // Which of the two new ones gets which id is not said.
        let mut new: Vec<_> = rows.drain(4..).collect();
        new.sort_by_key(|row| row[2..].to_owned());
        assert!(new[0].ends_with(" ada@example.com:7 1000.OTHER"), "{new:?}");
        assert!(new[1].ends_with(" eve 1000.CLIENT"), "{new:?}");
        let ids: Vec<_> = rows.iter().map(|row| &row[..2]).collect();
        assert_eq!(ids, ["1 ", "2 ", "3 ", "4 "]);
        let mut ids: Vec<_> = new.iter().map(|row| &row[..2]).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["5 ", "6 "]);
    }
    let ada = database.query("SELECT access_token FROM oauthtoken WHERE id = '1'");
    assert_eq!(ada, [format!("1000.{SECRET}-later")]);
    let zofie = database.query("SELECT user_name FROM oauthtoken WHERE id = '4'");
    assert_eq!(zofie, ["Žofie@example.com:7"]);

    // What does not fit is left out, and said.
    let mut long = valid("joe");
    long["refresh_token"] = json!(format!("1000.{SECRET}-{}", "r".repeat(300)));
    program.run_with(&["import", "-"], &long.to_string());
    database.sql("SET GLOBAL sql_mode = ''");
    let exported = program.run(&export);
    assert_eq!(exported.status, 1);
    assert!(
        exported.stderr.contains("longer than its column"),
        "{}",
        exported.stderr
    );
    assert_eq!(database.query(table).len(), 6);
}

#[test]
fn rows_are_read_in_the_order_of_their_numbers() {
    let Some(database) = database() else { return };
    database.sql(&format!(
        "DELETE FROM oauthtoken; \
         INSERT INTO oauthtoken (id, user_name, client_id, client_secret, refresh_token) VALUES \
         ('10', 'ada', '1000.C', '{SECRET}', '{SECRET}-ten'), \
         ('9', 'ada', '1000.C', '{SECRET}', '{SECRET}-nine')"
    ));
    let program = Program::new();
    let imported = program.rows(&["import", &database.url()]);
    let results: Vec<_> = imported.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(results, ["new", "updated"]);
    let again = program.rows(&["import", &database.url()]);
    assert!(again.iter().all(|row| row[1] == "same"), "{again:?}");
    assert_eq!(
        program.export()[0]["refresh_token"],
        format!("{SECRET}-ten")
    );

    database.sql("ALTER TABLE oauthtoken ADD COLUMN created_at datetime");
    let extra = program.run(&["import", &database.url()]);
    assert_eq!(extra.status, 1);
    assert!(extra.stderr.contains("`created_at`"), "{}", extra.stderr);
}

#[test]
fn a_server_on_another_machine_needs_encryption_or_consent() {
    let program = Program::new();
    // An address that nobody has.
    let url = format!("mysql://root:{SECRET}@192.0.2.1/zohooauth");
    for arguments in [
        &["import", &url][..],
        &["import", &url, "--dry-run"],
        &["export", "--to", &url, "--show-secrets"],
    ] {
        let refused = program.run(arguments);
        assert_eq!(refused.status, 2, "{}", refused.stderr);
        for part in ["--ca", "--plain-text"] {
            assert!(refused.stderr.contains(part), "{}", refused.stderr);
        }
    }
    let both = ["import", &url, "--plain-text", "--ca", "ca.pem"];
    assert_eq!(program.run(&both).status, 2);
    // It connects: to a name that does not exist, so that the test is not slow.
    let url = "mysql://root@nowhere.invalid/zohooauth";
    let allowed = program.run(&["import", url, "--plain-text"]);
    assert_eq!(allowed.status, 1, "{}", allowed.stderr);
}

#[test]
fn a_connection_is_encrypted_with_the_certificates_that_are_given() {
    let Some(database) = database() else { return };
    database.sql("CREATE USER tls@'%' REQUIRE SSL; GRANT ALL ON zohooauth.* TO tls@'%'");
    let url = database.url().replace("root@", "tls@");
    let Some(ca) = database.ca() else {
        return not_run("TLS to MySQL: there is no openssl to make certificates with");
    };
    let program = Program::new();
    assert_eq!(program.run(&["import", &url]).status, 1, "without TLS");
    let named = program.run(&["import", &format!("{url}?require_ssl=true")]);
    assert_eq!(named.status, 2);
    assert!(named.stderr.contains("--ca"), "{}", named.stderr);
    assert_eq!(program.rows(&["import", &url, "--ca", &ca]).len(), 4);
    let export = ["export", "--to", &url, "--ca", &ca, "--show-secrets"];
    assert_eq!(program.run(&export).status, 0);
    let other = MariaDb::start().and_then(|other| other.ca());
    let other = other.expect("one was started before");
    assert_eq!(program.run(&["import", &url, "--ca", &other]).status, 1);
}
