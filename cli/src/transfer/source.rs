//! Where rows come from: a file, whose first bytes tell its format, or a database.
//!
//! Rows are read on a thread or task of their own and wait in a short queue, so that memory does not
//! grow with their number.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::PathBuf;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::channel::Read;
use super::table_name::checked;
use super::{file_store, json_lines, location, mysql, sqlite};
use crate::args::DatabaseArgs;
use crate::failure::Failure;
use crate::output::note;

/// How many rows wait.
const QUEUE: usize = 64;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Rows under way.
pub struct Source {
    pub rows: Receiver<Read>,
    /// Whether ids in it are of a store like the one that is imported into.
    pub has_ids_of_a_store: bool,
}

/// Opens a file, standard input (`-`) or a MySQL URL.
pub async fn open(from: &str, options: &DatabaseArgs) -> Result<Source, Failure> {
    let (sender, rows) = mpsc::channel(QUEUE);
    let mut source = Source {
        rows,
        has_ids_of_a_store: false,
    };
    if location::is_mysql(from)? {
        mysql::read(mysql::Table { url: from, options }, sender).await?;
        return Ok(source);
    }
    let (input, start) = start(from).await?;
    let is_sqlite = start.starts_with(b"SQLite format 3\0");
    options.for_a_file(is_sqlite)?;
    if is_sqlite {
        if from == "-" {
            let problem = "a SQLite database cannot be read from standard input: give its name";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let (path, table) = (PathBuf::from(from), checked(options.table())?.to_owned());
        on_a_thread(sender, move |sender| sqlite::read(&path, &table, sender));
        return Ok(source);
    }
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    source.has_ids_of_a_store = first == Some(&b'{');
    match source.has_ids_of_a_store {
        true => on_a_thread(sender, |sender| json_lines::read(input, sender)),
        false => on_a_thread(sender, |sender| file_store::read(input, sender)),
    }
    Ok(source)
}

type Input = Box<dyn BufRead + Send>;

/// Opens a file or standard input, and returns its first bytes, too.
async fn start(from: &str) -> Result<(Input, Vec<u8>), Failure> {
    if from == "-" && io::stdin().is_terminal() {
        note("Type or paste the rows, and end with Ctrl-D.");
    }
    let path = from.to_owned();
    // A terminal or a pipe may have nothing yet. On a thread of its own, so that Ctrl-C is seen.
    let opened = tokio::task::spawn_blocking(move || {
        let mut input: Input = match path.as_str() {
            "-" => Box::new(BufReader::new(io::stdin())),
            path => Box::new(BufReader::new(File::open(path)?)),
        };
        // Some editors begin a file with a mark of its encoding.
        if input.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let start = input.fill_buf()?.to_vec();
        Ok((input, start))
    });
    let opened = opened
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    opened.map_err(|error| Failure::io(format!("{} cannot be read", location::shown(from)), error))
}

/// Runs a reader on a thread. Its error, if there is one, is sent after all rows.
fn on_a_thread(
    sender: Sender<Read>,
    read: impl FnOnce(&Sender<Read>) -> Result<(), String> + Send + 'static,
) {
    tokio::task::spawn_blocking(move || {
        if let Err(problem) = read(&sender) {
            // Nobody waits for rows any more: nothing is lost.
            let _ = sender.blocking_send(Err(problem));
        }
    });
}
