//! `delete` and `undelete`.

use crate::support::program::Program;
use crate::support::records::{SECRET, expired, valid};

#[test]
fn a_deletion_asks_and_an_undeletion_brings_the_token_back() {
    let program = Program::with(&[expired("ada"), valid("bob")]);
    let updated = program.run_with(&["import", "-"], &valid("ada").to_string());
    assert_eq!(updated.status, 0, "{}", updated.stderr);
    let before = program.export();
    let id = program.id("ada");

    let unasked = program.run(&["delete", "ada"]);
    assert_eq!(unasked.status, 2, "there is no terminal to ask on");
    assert_eq!(program.export(), before);

    assert_eq!(
        program.rows(&["delete", "ada", "--yes"]),
        [["deleted", &id]]
    );
    assert_eq!(program.run(&["show", "ada"]).status, 3);
    let deleted = program.rows(&["list", "--deleted"]);
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0][0], id);
    let shown = &program.objects(&["show", &id])[0];
    assert!(shown["record"].is_null());
    assert_eq!(shown["secret"]["is_tombstone"], true);
    assert!(shown["secret"]["deleted_at"].is_string());

    assert_eq!(program.rows(&["undelete", &id]), [["undeleted", &id]]);
    assert_eq!(program.export(), before);
    // Found by all its keys again.
    assert_eq!(program.rows(&["reindex"]), [["corrected", "0"]]);
    assert_eq!(
        program.rows(&["undelete", &id]),
        [["undeleted", &id]],
        "it can be repeated"
    );
    assert!(program.rows(&["list", "--deleted"]).is_empty());
}

#[test]
fn all_records_are_counted_as_they_are_deleted() {
    let program = Program::with(&[valid("ada"), valid("bob"), valid("eve")]);
    assert_eq!(program.run(&["delete", "--all"]).status, 2);
    let deleted = &program.objects(&["delete", "--all", "--yes"])[0];
    assert_eq!(*deleted, serde_json::json!({"deleted": 3, "failed": 0}));
    assert!(program.rows(&["list"]).is_empty());
    assert_eq!(program.rows(&["list", "--deleted"]).len(), 3);
}

#[test]
fn a_client_can_be_named_if_a_user_has_several() {
    let mut other = valid("ada");
    other["client_id"] = "1000.OTHER".into();
    other["refresh_token"] = format!("1000.{SECRET}-other").into();
    other["access_token"] = format!("1000.{SECRET}-other-access").into();
    let program = Program::with(&[valid("ada"), other]);
    assert_eq!(program.rows(&["list"]).len(), 2);
    for command in ["delete", "revoke"] {
        let unclear = program.run(&[command, "ada", "--yes"]);
        assert_eq!(unclear.status, 2, "{}", unclear.stdout);
        for part in ["1000.CLIENT", "1000.OTHER", "--client-id"] {
            assert!(unclear.stderr.contains(part), "{}", unclear.stderr);
        }
    }
    assert_eq!(program.rows(&["list"]).len(), 2);
    let deleted = program.run(&["delete", "ada", "--client-id", "1000.OTHER", "--yes"]);
    assert_eq!(deleted.status, 0);
    let left = program.rows(&["list"]);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0][2], "1000.CLIENT");
    assert_eq!(
        program
            .run(&["show", "ada", "--client-id", "1000.NONE"])
            .status,
        3
    );
}

#[test]
fn an_undeletion_does_not_give_a_user_a_second_record() {
    let mut named = expired("ada");
    named["id"] = "named".into();
    let program = Program::with(&[named]);
    program.rows(&["delete", "ada", "--yes"]);
    let mut again = valid("ada");
    again["refresh_token"] = format!("1000.{SECRET}-again").into();
    assert_eq!(
        program
            .run_with(&["import", "-"], &again.to_string())
            .status,
        0
    );
    let other = program.id("ada");
    let stored = program.export();

    // Not even a store that deletes at once loses what was to be brought back.
    let mut refused = program.command(&["undelete", "named"]);
    refused.env("ZOHO_TOKEN_STORE_RECOVERY_WINDOW_DAYS", "0");
    let refused = refused.output().expect("the program can be started");
    assert_eq!(refused.status.code(), Some(1));
    let problem = String::from_utf8_lossy(&refused.stderr);
    assert!(problem.contains(&other), "{problem}");
    assert_eq!(program.export(), stored);
    assert_eq!(program.rows(&["list", "--deleted"])[0][0], "named");

    program.rows(&["delete", &other, "--yes"]);
    assert_eq!(
        program.rows(&["undelete", "named"]),
        [["undeleted", "named"]]
    );
    assert_eq!(program.rows(&["list"])[0][0], "named");
}
