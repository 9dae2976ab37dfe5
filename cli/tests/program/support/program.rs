//! The program with a store of its own. Every output is searched for values of tokens, and no file may be
//! left.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

use super::localstack;
use super::records::{SECRET, lines};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_zoho-tokens");

/// The program's settings: a prefix that no other test uses, and folders of its own, in which it must not
/// leave a file.
pub struct Program {
    pub prefix: String,
    home: TempDir,
}

/// What one run printed.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("it is after 1970").as_nanos();
        let process = std::process::id();
        Program {
            prefix: format!("cli-test/{now}-{process}-{number}/"),
            home: TempDir::new().expect("there is room for a folder"),
        }
    }

    /// A store with these records.
    pub fn with(records: &[Value]) -> Self {
        let program = Program::new();
        let imported = program.run_with(&["import", "-"], &lines(records));
        assert_eq!(imported.status, 0, "{}", imported.stderr);
        program
    }

    /// The environment of a run: nothing of the developer's own AWS set-up.
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = std::env::var("PATH").unwrap_or_default();
        let home = self.home.path().to_str().expect("the path is text");
        let variables = [
            ("PATH", path.as_str()),
            ("HOME", home),
            ("TMPDIR", home),
            ("AWS_ENDPOINT_URL", localstack::endpoint()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("ZOHO_TOKEN_STORE_PREFIX", &self.prefix),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        variables.map(owned).into()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program, and checks that it prints no value.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// The same with this standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let ran = self.run_openly(arguments, input);
        for printed in [&ran.stdout, &ran.stderr] {
            assert!(!printed.contains(SECRET), "{arguments:?} prints a value");
        }
        // What is advised can be done at a terminal.
        for method in [
            "delete_token",
            "save_token`",
            "exchange_grant",
            "unsaved_token",
            "`login`",
        ] {
            assert!(
                !ran.stderr.contains(method),
                "{arguments:?}: {}",
                ran.stderr
            );
        }
        self.leaves_no_file();
        ran
    }

    /// Checks that the program has left nothing in its home, its working folder, or the folder of
    /// temporary files.
    fn leaves_no_file(&self) {
        let left = std::fs::read_dir(self.home.path()).expect("it is a folder");
        let left: Vec<_> = left.flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "the program leaves {left:?}");
    }

    /// Runs the program where it may print values.
    pub fn run_openly(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        finish(&mut command, input)
    }

    /// Runs the program, which must succeed, and returns its lines of tab-separated text.
    pub fn rows(&self, arguments: &[&str]) -> Vec<Vec<String>> {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        let lines = ran.stdout.lines();
        lines
            .map(|line| line.split('\t').map(str::to_owned).collect())
            .collect()
    }

    /// Runs the program with `--json`, which must succeed, and returns its objects.
    pub fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        let ran = self.run(&arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        let lines = ran.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("a line is a JSON object"))
            .collect()
    }

    /// Returns the id of a user's record.
    pub fn id(&self, user: &str) -> String {
        let listed = self.objects(&["list", "--user", user]);
        assert_eq!(listed.len(), 1, "{user}");
        listed[0]["id"]
            .as_str()
            .expect("a record has an id")
            .to_owned()
    }

    /// Returns the whole store, as `export` writes it, sorted.
    pub fn export(&self) -> Vec<Value> {
        let arguments = [
            "export",
            "--to",
            "-",
            "--format",
            "json-lines",
            "--show-secrets",
        ];
        let ran = self.run_openly(&arguments, "");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let mut lines: Vec<_> = ran.stdout.lines().collect();
        lines.sort_unstable();
        lines
            .iter()
            .map(|line| serde_json::from_str(line).expect("a line is a JSON object"))
            .collect()
    }
}

impl Drop for Program {
    /// LocalStack searches all of its secrets for each call, and gets slow.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut command = self.command(&["delete", "--all", "--yes"]);
        command.env("ZOHO_TOKEN_STORE_RECOVERY_WINDOW_DAYS", "0");
        finish(&mut command, "");
        self.leaves_no_file();
    }
}

fn finish(command: &mut Command, input: &str) -> Ran {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().expect("the program can be started");
    let mut stdin = process.stdin.take().expect("standard input is piped");
    let input = input.to_owned();
    // On a thread: the program may print before it has read everything.
    let writer = std::thread::spawn(move || {
        // A program that does not read its input may have ended.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = process.wait_with_output().expect("the program ends");
    writer.join().expect("the input is written");
    ran(output)
}

fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("the output is text");
    Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
