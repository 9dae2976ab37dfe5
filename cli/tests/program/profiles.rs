//! `--profile`: the account of the profile, whatever keys the environment has. LocalStack takes an access
//! key of twelve digits for an account.

use std::process::Output;

use tempfile::TempDir;

use crate::support::program::Program;
use crate::support::records::{SECRET, lines, valid};

const PRODUCTION: &str = "222222222222";

/// Two profiles in files, and the keys of a third account in the environment.
struct Accounts {
    program: Program,
    folder: TempDir,
}

impl Accounts {
    fn new() -> Self {
        let folder = TempDir::new().expect("there is room for a file");
        let profiles = "[staging]\naws_access_key_id = 333333333333\naws_secret_access_key = test\n\
                        [other]\naws_access_key_id = 444444444444\naws_secret_access_key = test\n";
        std::fs::write(folder.path().join("credentials"), profiles).expect("it can be written");
        Accounts {
            program: Program::new(),
            folder,
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.program.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", PRODUCTION).env(
            "AWS_SHARED_CREDENTIALS_FILE",
            self.folder.path().join("credentials"),
        );
        let ran = command.output().expect("the program can be started");
        for printed in [&ran.stdout, &ran.stderr] {
            assert!(!String::from_utf8_lossy(printed).contains(SECRET));
        }
        ran
    }

    /// Runs the program, which must succeed, and returns how many lines it prints.
    fn lines(&self, arguments: &[&str]) -> usize {
        let ran = self.run(arguments);
        let problem = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{arguments:?}: {problem}");
        ran.stdout.iter().filter(|&&byte| byte == b'\n').count()
    }
}

#[test]
fn a_profile_decides_on_the_account() {
    let accounts = Accounts::new();
    let file = accounts.folder.path().join("tokens.jsonl");
    std::fs::write(&file, lines(&[valid("ada"), valid("bob")])).expect("it can be written");
    let file = file.to_str().expect("the path is text");
    let staging =
        |arguments: &[&str]| accounts.lines(&[arguments, &["--profile", "staging"]].concat());
    let production = |arguments: &[&str]| accounts.lines(arguments);
    let other = |arguments: &[&str]| accounts.lines(&[arguments, &["--profile", "other"]].concat());

    assert_eq!(production(&["import", file]), 2);
    assert_eq!(staging(&["list"]), 0);
    assert_eq!(staging(&["import", file]), 2);
    let copied = accounts.lines(&["copy", "--profile", "staging", "--to-profile", "other"]);
    assert_eq!((copied, other(&["list"])), (2, 2));

    staging(&["delete", "--all", "--yes"]);
    let left = [staging(&["list"]), production(&["list"]), other(&["list"])];
    assert_eq!(left, [0, 2, 2]);
    other(&["delete", "--all", "--yes"]);
    production(&["delete", "--all", "--yes"]);
}

#[test]
fn a_profile_must_exist() {
    let accounts = Accounts::new();
    for arguments in [
        &["list", "--profile", "stagin"][..],
        &["copy", "--to-profile", "stagin"],
        &["delete", "--all", "--yes", "--profile", "stagin"],
    ] {
        let ran = accounts.run(arguments);
        let problem = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{arguments:?}");
        assert!(problem.contains("no AWS profile `stagin`"), "{problem}");
    }
    let mut command = accounts.program.command(&["list", "--region", "us-east-1"]);
    let ran = command
        .env("AWS_PROFILE", "stagin")
        .output()
        .expect("it starts");
    let problem = String::from_utf8_lossy(&ran.stderr);
    assert!(problem.contains("give AWS_PROFILE"), "{problem}");
}
