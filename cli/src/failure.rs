//! Why a command failed, and the exit status for it.

use std::io;
use std::process::ExitCode;

use zoho_token_store::Error;

use crate::advice;
use crate::text::printable;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// An operation of the store failed.
    Store(Error),
    /// There is no such record.
    NotFound(String),
    /// The command line is wrong in a way that clap does not see.
    Usage(String),
    /// Something outside the store failed: a file, a database.
    Other(String),
    /// The command has already reported what failed.
    Reported,
    /// The reader of standard output has closed it.
    Closed,
    /// The user pressed Ctrl-C, or a signal ended the program.
    Interrupted(String),
}

impl Failure {
    pub fn io(what: impl std::fmt::Display, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Other(format!("{what}: {error}")),
        }
    }

    /// How a command ends whose work is done: it has printed what came of it, or could not, and something
    /// may have failed. Whoever closes the pipe wants no more lines; that does not make a failure a
    /// success.
    pub fn ended(has_failed: bool, printed: Result<(), Failure>) -> Result<(), Failure> {
        match printed {
            Ok(()) | Err(Failure::Closed) if has_failed => Err(Failure::Reported),
            printed => printed,
        }
    }

    /// Prints one line on standard error, and returns the exit status.
    pub fn report(self) -> ExitCode {
        let (line, status) = match self {
            Failure::Store(error) => (advice::text(&error), 1),
            Failure::Other(line) => (line, 1),
            Failure::Usage(line) => (line, 2),
            Failure::NotFound(line) => (line, 3),
            Failure::Reported => return ExitCode::from(1),
            Failure::Closed => return ExitCode::SUCCESS,
            Failure::Interrupted(line) => (line, 130),
        };
        // Nobody may read standard error any more; the exit status remains.
        let _ = io::Write::write_fmt(
            &mut anstream::stderr(),
            format_args!("zoho-tokens: {}\n", printable(&line)),
        );
        ExitCode::from(status)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Store(error)
    }
}
