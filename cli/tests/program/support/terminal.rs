//! A pseudo-terminal: what a person sees.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{LocalModes, tcgetattr};

use super::program::{PROGRAM, Program};
use super::records::SECRET;

const ROWS: u16 = 40;
const COLUMNS: u16 = 200;

/// How long a test waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program on a terminal.
pub struct Terminal {
    pty: Pty,
    process: Child,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All bytes that were printed.
    pub printed: Vec<u8>,
}

fn screen() -> vt100::Parser {
    let size = |cells: u16| NonZero::new(cells).expect("a screen has cells");
    vt100::Parser::new(size(ROWS), size(COLUMNS), 0)
}

impl Terminal {
    pub fn start(program: &Program, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (pty, pts) = open().expect("there are pseudo-terminals");
        pty.resize(Size::new(ROWS, COLUMNS))
            .expect("a terminal has a size");
        let command = Command::new(PROGRAM)
            .args(arguments)
            .env_clear()
            .envs(program.environment())
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied());
        let process = command.spawn(pts).expect("the program can be started");
        let (sender, output) = mpsc::channel();
        let mut reader = std::fs::File::from(
            std::os::fd::AsFd::as_fd(&pty)
                .try_clone_to_owned()
                .expect("the terminal can be read"),
        );
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // The terminal ends with an error, when the program has ended.
            while let Ok(number @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..number].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            pty,
            process,
            output,
            screen: screen(),
            printed: Vec::new(),
        }
    }

    fn take(&mut self, wait: Duration) -> bool {
        let Ok(bytes) = self.output.recv_timeout(wait) else {
            return false;
        };
        self.screen.process(&bytes);
        self.printed.extend_from_slice(&bytes);
        true
    }

    /// Waits until this text has been printed.
    pub fn wait_for(&mut self, text: &str) {
        let started = Instant::now();
        while !String::from_utf8_lossy(&self.printed).contains(text) {
            let left = PATIENCE.saturating_sub(started.elapsed());
            assert!(self.take(left), "no {text:?}:\n{}", self.shown());
        }
    }

    pub fn type_in(&mut self, text: &str) {
        self.pty
            .write_all(text.as_bytes())
            .expect("the terminal can be written");
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.pty).expect("it is a terminal");
        modes.local_modes.contains(LocalModes::ECHO)
    }

    /// Waits until the program ends, and returns its exit status.
    pub fn finish(&mut self) -> i32 {
        while self.take(PATIENCE) {}
        let status = self.process.wait().expect("the program ends");
        assert!(
            !String::from_utf8_lossy(&self.printed).contains(SECRET),
            "a value is shown"
        );
        status.code().unwrap_or(-1)
    }

    /// The screen as text.
    pub fn shown(&self) -> String {
        self.screen.screen().contents()
    }
}
