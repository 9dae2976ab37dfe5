//! Where rows come from: a file, whose first bytes tell its format, or a database.
//!
//! Rows are read on a thread or task of their own and wait in a short queue, so that memory does not
//! grow with their number.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::channel::Read;
use super::table_name::checked;
use super::{file_store, json_lines, location, mysql, sqlite};
use crate::failure::Failure;

/// How many rows wait.
const QUEUE: usize = 64;

/// Rows under way.
pub struct Source {
    pub rows: Receiver<Read>,
    /// Whether ids in it are of a store like the one that is imported into.
    pub has_ids_of_a_store: bool,
}

/// Opens a file, standard input (`-`) or a MySQL URL.
pub async fn open(from: &str, table: &str) -> Result<Source, Failure> {
    let (sender, rows) = mpsc::channel(QUEUE);
    let mut source = Source {
        rows,
        has_ids_of_a_store: false,
    };
    if location::is_mysql(from)? {
        mysql::read(from, table, sender).await?;
        return Ok(source);
    }
    let cannot = |error| Failure::io(format!("{from} cannot be read"), error);
    let mut input: Box<dyn BufRead + Send> = match from {
        "-" => Box::new(BufReader::new(io::stdin())),
        path => Box::new(BufReader::new(File::open(path).map_err(cannot)?)),
    };
    let start = input.fill_buf().map_err(cannot)?;
    if start.starts_with(b"SQLite format 3\0") {
        if from == "-" {
            let problem = "a SQLite database cannot be read from standard input: give its name";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let (path, table) = (PathBuf::from(from), checked(table)?.to_owned());
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
