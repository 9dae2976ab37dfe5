//! Runs the quickstart example as an unprivileged user without write access: the store keeps
//! nothing on disk.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use landlock::{ABI, AccessFs, Ruleset, RulesetAttr, RulesetStatus};
use uuid::Uuid;

use crate::support::child::{given, ready_and_wait, run_at_once};
use crate::support::localstack;

const NOBODY: u32 = 65534;

#[test]
fn the_quickstart_runs_without_write_access() {
    // The other user may not be able to reach the build folder.
    let folder = std::env::temp_dir().join(format!("quickstart-{}", Uuid::new_v4()));
    fs::create_dir(&folder).expect("the folder should be created");
    let program = folder.join("quickstart");
    fs::copy(quickstart(), &program).expect("the program is copied");
    for path in [&folder, &program] {
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(path, all).expect("the permissions should be changed");
    }
    let program = program.to_str().expect("a path in UTF-8");
    run_at_once(
        "security::read_only::worker_that_cannot_write",
        &[vec![("TEST_PROGRAM", program)]],
    );
    fs::remove_dir_all(&folder).expect("the folder is removed");
}

/// Returns the path of the example, which `cargo test` builds beside this binary.
fn quickstart() -> PathBuf {
    let binary = std::env::current_exe().expect("this binary has a path");
    let built = binary.ancestors().nth(2).expect("the build folder");
    let program = built.join("examples").join("quickstart");
    assert!(
        program.exists(),
        "{} does not exist: run `cargo build --example quickstart`, or the tests of all targets",
        program.display()
    );
    program
}

/// Runs in a separate process, because the process and its children lose the right to write.
#[test]
#[ignore = "run by another test, in a separate process"]
fn worker_that_cannot_write() {
    ready_and_wait();
    let program = given("TEST_PROGRAM");
    let beside = Path::new(&program).with_file_name("written");
    fs::write(&beside, "").expect("the process should be able to write at first");
    // No rule allows any of the handled accesses.
    let none = Ruleset::default().handle_access(AccessFs::from_write(ABI::V3));
    let restricted = none
        .and_then(Ruleset::create)
        .and_then(|ruleset| ruleset.restrict_self());
    let status = restricted
        .expect("the kernel should support Landlock")
        .ruleset;
    assert_eq!(
        status,
        RulesetStatus::FullyEnforced,
        "this test needs Landlock (Linux 6.2 or newer)"
    );
    let refused = fs::write(&beside, "").expect_err("writing should be refused");
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);

    let output = run_as_nobody(&program);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("by refresh token"),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs a program with only LocalStack's endpoint and credentials in its environment.
fn run_as_nobody(program: &str) -> Output {
    let mut command = Command::new(program);
    command
        .current_dir("/")
        .env_clear()
        .env("AWS_ENDPOINT_URL", localstack::endpoint())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", localstack::REGION);
    // Only root can change the user; others are unprivileged already.
    let user = fs::metadata("/proc/self")
        .expect("/proc should be mounted")
        .uid();
    if user == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().expect("the program can be started")
}
