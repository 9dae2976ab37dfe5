//! The SDKs' table in a MariaDB that the test starts.

use crate::support::mariadb::MariaDb;
use crate::support::program::Program;

/// A table that the DBStore of Zoho's SDK for Python 8.0 (zohocrmsdk8_0 7.0.0) has written into
/// MariaDB 10.11.
const PYTHON: &str = include_str!("../data/python_sdk_dbstore.sql");

#[test]
fn the_table_of_the_sdk_is_imported_and_exported() {
    let Some(database) = MariaDb::start() else {
        eprintln!(
            "NOT RUN: import from and export to MySQL: there is no MariaDB (apt-get install mariadb-server)"
        );
        return;
    };
    database.sql(PYTHON);
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
