//! How the readers of files and databases hand over rows.

use tokio::sync::mpsc::Sender;

use super::row::Row;

/// A row, or why no more can be read.
pub type Read = Result<Row, String>;

/// Sends a row. Returns whether there is still somebody who reads them.
pub fn send(sender: &Sender<Read>, row: Option<Row>) -> bool {
    match row {
        Some(row) => sender.blocking_send(Ok(row)).is_ok(),
        None => true,
    }
}
