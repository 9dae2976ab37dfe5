//! Worker processes: this binary, started again to run one of its ignored tests.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::localstack;

const READY: &str = "the worker is ready";

/// A process that runs one test of this binary.
pub struct Worker {
    test: String,
    process: Child,
    output: BufReader<ChildStdout>,
    printed: String,
}

impl Worker {
    /// Starts a process that runs the ignored test of this name with these environment variables.
    pub fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let binary = std::env::current_exe().expect("this binary has a path");
        let mut process = Command::new(binary)
            .args([
                test,
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("AWS_ENDPOINT_URL", localstack::endpoint())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this binary can be started again");
        let output = process.stdout.take().expect("stdout should be piped");
        Worker {
            test: test.to_owned(),
            process,
            output: BufReader::new(output),
            printed: String::new(),
        }
    }

    /// Waits until the process calls [`ready_and_wait`], which it can do several times.
    pub fn wait_until_ready(&mut self) {
        self.printed.clear();
        while !self.printed.contains(READY) {
            let read = self
                .output
                .read_line(&mut self.printed)
                .expect("the output can be read");
            assert_ne!(
                read, 0,
                "the worker {} ended early:\n{}",
                self.test, self.printed
            );
        }
    }

    /// Returns the id of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Lets a ready process continue.
    pub fn go(&mut self) {
        let input = self.process.stdin.as_mut().expect("stdin should be piped");
        input
            .write_all(b"go\n")
            .expect("the worker should read its stdin");
    }

    /// Suspends the process with `SIGSTOP`.
    pub fn suspend(&self) {
        self.signal("STOP");
    }

    /// Resumes a suspended process.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let kill = format!("kill -s {signal} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        let status = status.expect("the shell should start");
        assert!(status.success(), "{kill} failed");
    }

    /// Waits until the process has ended, and returns its output.
    pub fn finish(mut self) -> String {
        while self
            .output
            .read_line(&mut self.printed)
            .expect("the output can be read")
            > 0
        {}
        let status = self.process.wait().expect("the worker has ended");
        // A name that matches no test would run nothing and succeed.
        assert!(
            status.success() && self.printed.contains("1 passed"),
            "the worker {} failed:\n{}",
            self.test,
            self.printed
        );
        self.printed
    }
}

/// Starts one process per set of variables, lets all continue at the same time, waits until all
/// have succeeded, and returns their outputs.
pub fn run_at_once(test: &str, variables: &[Vec<(&str, &str)>]) -> Vec<String> {
    let mut workers: Vec<_> = variables
        .iter()
        .map(|variables| Worker::start(test, variables))
        .collect();
    workers.iter_mut().for_each(Worker::wait_until_ready);
    workers.iter_mut().for_each(Worker::go);
    workers.into_iter().map(Worker::finish).collect()
}

/// Called in the worker: tells the parent that the worker is ready, and waits until the parent lets
/// it continue.
pub fn ready_and_wait() {
    println!("{READY}");
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .expect("the parent should be running");
    assert_eq!(line, "go\n", "the parent should let the worker continue");
}

/// Called in the worker: returns a variable that the parent has set.
pub fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: another test runs this one in a separate process")
    })
}
