//! The SQLite database of Zoho's guide: one table with the ten columns.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::mpsc::Sender;
use zoho_token_store::{Field, OAuthToken};

use super::channel::{Read, send};
use super::row::{Row, RowBuilder, table_fields};

/// Rows that are written in one transaction.
const TRANSACTION: usize = 1_000;

pub fn read(path: &Path, table: &str, sender: &Sender<Read>) -> Result<(), String> {
    let failed = |error: rusqlite::Error| format!("the database cannot be read: {error}");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(path, flags).map_err(failed)?;
    // A view has the order of its own query, and some tables have that of their key.
    let has_rowid = "SELECT count(*) > 0 FROM pragma_table_list WHERE schema = 'main' AND name = ?1 \
                     COLLATE NOCASE AND type = 'table' AND NOT wr";
    let has_rowid: bool = database
        .query_row(has_rowid, [table], |row| row.get(0))
        .map_err(failed)?;
    let order = match has_rowid {
        true => " ORDER BY rowid",
        false => "",
    };
    let query = format!("SELECT * FROM \"{table}\"{order}");
    let mut statement = database.prepare(&query).map_err(failed)?;
    let columns = table_fields(statement.column_names())?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut number = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        number += 1;
        let place = format!("row {number}");
        let row = match values(row, &columns) {
            Ok(row) => row.build(place),
            Err(problem) => Some(Row {
                place,
                token: Err(problem),
            }),
        };
        if !send(sender, row) {
            return Ok(());
        }
    }
    Ok(())
}

fn values(row: &rusqlite::Row<'_>, columns: &[Field]) -> Result<RowBuilder, String> {
    let mut builder = RowBuilder::new();
    for (index, &field) in columns.iter().enumerate() {
        let value = row.get_ref(index).map_err(|error| error.to_string())?;
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => builder.set(field, &number.to_string()),
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text);
                builder.set(field, text.map_err(|_| format!("`{field}` is not UTF-8"))?);
            }
            ValueRef::Real(_) | ValueRef::Blob(_) => {
                return Err(format!("`{field}` is not text"));
            }
        }
    }
    Ok(builder)
}

/// Writes a database, one token after another.
pub struct Writer {
    database: Connection,
    insert: String,
    pending: usize,
}

impl Writer {
    pub fn new(path: &Path, table: &str) -> rusqlite::Result<Self> {
        let database = Connection::open(path)?;
        // The guide's table. SQLite does not enforce the lengths.
        database.execute_batch(&format!(
            "CREATE TABLE \"{table}\" (id varchar(10) PRIMARY KEY, user_name varchar(255), \
             client_id varchar(255), client_secret varchar(255), refresh_token varchar(255), \
             access_token varchar(255), grant_token varchar(255), expiry_time varchar(20), \
             redirect_url varchar(255), api_domain varchar(255)); BEGIN"
        ))?;
        let names: Vec<_> = Field::ALL.iter().map(|field| field.as_str()).collect();
        let marks = vec!["?"; names.len()].join(",");
        let names = names.join(",");
        Ok(Writer {
            database,
            insert: format!("INSERT INTO \"{table}\" ({names}) VALUES ({marks})"),
            pending: 0,
        })
    }

    pub fn write(&mut self, token: &OAuthToken) -> rusqlite::Result<()> {
        let values = Field::ALL.iter().map(|&field| token.expose(field));
        let mut insert = self.database.prepare(&self.insert)?;
        insert.execute(params_from_iter(values))?;
        self.pending += 1;
        if self.pending.is_multiple_of(TRANSACTION) {
            self.database.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }

    pub fn finish(self) -> rusqlite::Result<()> {
        self.database.execute_batch("COMMIT")?;
        self.database.close().map_err(|(_, error)| error)
    }
}
