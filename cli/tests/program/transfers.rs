//! `import`: which rows become which records, and the report.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Program, Ran};
use crate::support::records::{SECRET, expired, lines, valid};
use crate::support::report::is;

/// A file that the FileStore of Zoho's SDK for Python 8.0 (zohocrmsdk8_0 7.0.0) has written.
const PYTHON: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/python_sdk_tokens.txt"
);

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
fn an_import_of_several_rows_of_a_user_can_be_repeated() {
    let row = |name: &str, expiry_time: Option<&str>| {
        let mut row = json!({"user_name": "ada", "client_id": "1000.C", "client_secret": SECRET});
        row["refresh_token"] = format!("1000.{SECRET}-{name}").into();
        if let Some(time) = expiry_time {
            row["access_token"] = format!("1000.{SECRET}-{name}-access").into();
            row["expiry_time"] = time.into();
        }
        row
    };
    let results = |ran: &Ran| -> Vec<String> {
        let lines = ran.stdout.lines();
        let mut results: Vec<_> = lines
            .map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" "))
            .collect();
        results.sort_unstable();
        results
    };
    for times in [
        [None, None, None],
        [
            Some("4102444800001"),
            Some("4102444800002"),
            Some("4102444800003"),
        ],
    ] {
        let program = Program::new();
        let rows = ["a", "b", "c"].into_iter().zip(times);
        let rows: Vec<_> = rows.map(|(name, time)| row(name, time)).collect();
        let file = lines(&rows);
        let first = program.run_with(&["import", "-"], &file);
        assert_eq!(
            results(&first),
            ["line 1 new", "line 2 updated", "line 3 updated"]
        );
        let stored = program.export();
        for arguments in [&["import", "-", "--dry-run"][..], &["import", "-"]] {
            let again = program.run_with(arguments, &file);
            assert_eq!(again.status, 0, "{}", again.stdout);
            assert_eq!(
                results(&again),
                ["line 1 same", "line 2 same", "line 3 same"]
            );
            assert!(again.stdout.contains("a later row"), "{}", again.stdout);
            assert_eq!(program.export(), stored);
        }

        // A login that is not in the file is not replaced by any of its rows.
        let later = row("later", Some("4102444800009")).to_string();
        let later = program.run_with(&["import", "-", "--overwrite"], &later);
        assert_eq!(later.status, 0, "{}", later.stdout);
        let stored = program.export();
        let refused = program.run_with(&["import", "-"], &file);
        assert_eq!(refused.status, 1);
        is(&refused.stdout, &[("refused", 3)]);
        assert_eq!(program.export(), stored);
    }
}

#[test]
fn a_row_without_tokens_replaces_no_earlier_row() {
    let mut stored = valid("ada");
    stored["refresh_token"] = format!("1000.{SECRET}-stored").into();
    let program = Program::with(&[stored]);
    let other = json!({
        "user_name": "ada", "client_id": "1000.CLIENT", "client_secret": format!("{SECRET}-client"),
        "refresh_token": format!("1000.{SECRET}-other"),
    });
    let mut bare = other.clone();
    bare.as_object_mut()
        .expect("an object")
        .remove("refresh_token");
    let imported = program.run_with(&["import", "-"], &lines(&[other, bare]));
    assert_eq!(imported.status, 1);
    is(&imported.stdout, &[("same", 1), ("refused", 1)]);
}

#[test]
fn a_dry_run_knows_the_ids_that_earlier_rows_would_take() {
    let (mut ada, mut bob) = (valid("ada"), valid("bob"));
    ada["id"] = json!("1");
    bob["id"] = json!("1");
    let (program, rows) = (Program::new(), lines(&[ada, bob]));
    for arguments in [&["import", "-", "--dry-run"][..], &["import", "-"]] {
        let imported = program.run_with(arguments, &rows);
        assert_eq!(imported.status, 1);
        is(&imported.stdout, &[("new", 1), ("refused", 1)]);
    }
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
fn totals_are_the_last_object() {
    let program = Program::new();
    let rows = format!("{}no json\n", lines(&[valid("ada"), valid("bob")]));
    let imported = program.run_with(&["import", "-", "--json"], &rows);
    let last = imported.stdout.lines().last().expect("there are lines");
    let totals: Value = serde_json::from_str(last).expect("an object");
    assert_eq!(
        totals,
        json!({"new": 2, "same": 0, "updated": 0, "refused": 1})
    );
    assert_eq!(imported.stdout.lines().count(), 4);

    let folder = TempDir::new().expect("there is room for a file");
    let path = folder.path().join("tokens.jsonl");
    let to = path.to_str().expect("the path is text");
    let exported = program.objects(&["export", "--to", to, "--show-secrets"]);
    assert_eq!(
        exported,
        [json!({"exported": 2, "left_out": 0, "unreadable": 0})]
    );
}
