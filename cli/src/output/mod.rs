//! What commands print on standard output: a table on a terminal, tab-separated text otherwise, or
//! JSON.

pub mod progress;
pub mod record;
pub mod rows;

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::args::OutputArgs;
use crate::failure::Failure;

/// Standard output, and how to print on it.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
    pub show_secrets: bool,
    pub is_terminal: bool,
}

impl Output {
    pub fn new(args: OutputArgs) -> Self {
        Output {
            json: args.json,
            show_secrets: args.show_secrets,
            is_terminal: io::stdout().is_terminal(),
        }
    }

    /// Prints text, with its colours if standard output is a terminal that shows them.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        written.map_err(|error| Failure::io("standard output cannot be written", error))
    }

    pub fn line(&self, text: &str) -> Result<(), Failure> {
        self.print(&format!("{text}\n"))
    }

    /// Prints an object on one line.
    pub fn json(&self, value: &Value) -> Result<(), Failure> {
        self.print(&format!("{value}\n"))
    }

    /// Prints an object if JSON is asked for: people read the same on standard error.
    pub fn json_only(&self, value: &Value) -> Result<(), Failure> {
        match self.json {
            true => self.json(value),
            false => Ok(()),
        }
    }
}

/// Prints a line on standard error. Nobody may read it: that is no reason to stop.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", crate::text::printable(text));
}
