//! `cargo lambda watch`: builds the function, starts it at the first request, and emulates the Lambda runtime.

use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::http::Message;

const NAME: &str = env!("CARGO_PKG_NAME");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The installation of cargo-lambda, once, and the first request, which may have to build.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a command until it ends, or until standard input is closed, which happens also when the
/// test is killed. cargo-lambda ends the function before itself.
const UNTIL_INPUT_CLOSES: &str = r#"
    exec 3<&0
    "$@" 3<&- & command=$!
    { read -r _ <&3; kill -TERM "$command"; } &
    wait "$command"; status=$?
    kill "$!" 2>/dev/null
    exit "$status""#;

/// A running emulator; dropped, it ends with everything it has started.
pub struct Emulator {
    port: u16,
    process: Child,
    log: PathBuf,
}

impl Emulator {
    /// An emulator whose function talks to this endpoint, with these variables and nothing of the
    /// developer's own AWS set-up. It logs everything there is to log.
    pub fn start(endpoint: &str, variables: &[(&str, &str)]) -> Self {
        let port = free_port();
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("emulator-{port}.log"));
        let output = File::create(&log).expect("the log can be written");
        let errors = output.try_clone().expect("the log can be written");
        let foreign = std::env::vars_os().map(|(name, _)| name).filter(|name| {
            ["AWS_", "ZOHO_"]
                .iter()
                .any(|own| name.to_string_lossy().starts_with(own))
        });
        let mut command = Command::new("bash");
        foreign.for_each(|name| {
            command.env_remove(name);
        });
        let process = command
            .args(["-c", UNTIL_INPUT_CLOSES, "bash"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/cargo-lambda"))
            .args(["watch", "--ignore-changes", "--package", NAME])
            .args([
                "--invoke-address",
                "127.0.0.1",
                "--invoke-port",
                &port.to_string(),
            ])
            .current_dir(ROOT)
            .envs([
                ("AWS_ENDPOINT_URL", endpoint),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("bash can be run");
        let mut emulator = Emulator { port, process, log };
        emulator.wait_until_it_listens();
        emulator
    }

    fn wait_until_it_listens(&mut self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().expect("the process is ours");
            if ended.is_some() || began.elapsed() > PATIENCE {
                panic!("cargo-lambda's emulator does not run:\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends the function a request and answers the status and its answer, as Lambda does.
    pub fn invoke(&self, request: &Value) -> (u16, Value) {
        let (status, body) = self.post(request).unwrap_or_else(|error| {
            panic!(
                "the function did not answer: {error}; its log:\n{}",
                self.log()
            )
        });
        let body = serde_json::from_slice(&body).unwrap_or_else(|error| {
            panic!(
                "{error} in {}; the log:\n{}",
                String::from_utf8_lossy(&body),
                self.log()
            )
        });
        (status, body)
    }

    fn post(&self, request: &Value) -> io::Result<(u16, Vec<u8>)> {
        let body = request.to_string().into_bytes();
        let head = format!(
            "POST /2015-03-31/functions/{NAME}/invocations HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}",
            self.port,
            body.len()
        );
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(PATIENCE))?;
        Message { head, body }.write(&mut connection)?;
        let answer = Message::read(&mut connection)?;
        let status = answer
            .head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, answer.body))
    }

    /// Ends the emulator and the function, and answers what they have logged.
    pub fn stop(mut self) -> String {
        self.end();
        let log = self.log();
        // A log without what is known to be in it would show no secret whatever the function logs.
        assert!(
            log.contains("TRACE") && log.contains("warmed up"),
            "not the whole log:\n{log}"
        );
        log
    }

    fn log(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn end(&mut self) {
        drop(self.process.stdin.take());
        let began = Instant::now();
        while let Ok(None) = self.process.try_wait() {
            if began.elapsed() > Duration::from_secs(20) {
                eprintln!(
                    "cargo-lambda's emulator (process {}) does not end",
                    self.process.id()
                );
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("the port is bound").port()
}
