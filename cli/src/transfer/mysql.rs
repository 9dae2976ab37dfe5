//! The table of the SDKs' DBStore in MySQL or MariaDB.

use std::net::IpAddr;

use futures::StreamExt;
use mysql_async::prelude::{Query, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder, Params, Value};
use tokio::sync::mpsc::Sender;
use zoho_token_store::{Field, OAuthToken};

use super::channel::Read;
use super::mysql_rows::{Place, Rows};
use super::row::{Row, RowBuilder, table_fields};
use super::table_name::checked;
use crate::args::DatabaseArgs;
use crate::failure::Failure;

/// A table, and how to reach it.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    pub url: &'a str,
    pub options: &'a DatabaseArgs,
}

/// Connects. The password is that of the URL, or else `MYSQL_PWD`, as for MySQL's own clients.
async fn connect(table: Table<'_>) -> Result<Conn, Failure> {
    let opts = Opts::from_url(table.url).map_err(|_| {
        Failure::Usage("the URL must look like mysql://user@host:3306/database".to_owned())
    })?;
    let password = opts.pass().map(str::to_owned);
    let password = password.or_else(|| std::env::var("MYSQL_PWD").ok());
    let ssl = opts.ssl_opts().cloned();
    let is_here = opts.socket().is_some() || is_this_machine(opts.ip_or_hostname());
    let ssl = match &table.options.ca {
        Some(path) => {
            let ssl = ssl.unwrap_or_default();
            Some(ssl.with_root_certs(vec![path.to_owned().into()]))
        }
        None if ssl.is_some() => {
            return Err(Failure::Usage(
                "TLS needs --ca: a file with the certificates that the server's is checked with, for \
                 example the bundle of Amazon RDS, or /etc/ssl/certs/ca-certificates.crt"
                    .to_owned(),
            ));
        }
        None if !is_here && !table.options.plain_text => {
            return Err(Failure::Usage(
                "everybody on the way to the server could read the tokens and the password: give --ca, a \
                 file with the certificates that the server's is checked with, for example the bundle of \
                 Amazon RDS, or /etc/ssl/certs/ca-certificates.crt; or --plain-text if nobody is on the way"
                    .to_owned(),
            ));
        }
        None => None,
    };
    let opts = OptsBuilder::from_opts(opts).pass(password).ssl_opts(ssl);
    Conn::new(opts).await.map_err(failed)
}

/// Whether a connection to this host does not leave the machine.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The errors of a server may quote a statement, but these statements contain no values.
fn failed(error: mysql_async::Error) -> Failure {
    Failure::Other(format!("the database: {error}"))
}

/// Reads a table on a task of its own.
pub async fn read(table: Table<'_>, sender: Sender<Read>) -> Result<(), Failure> {
    // The SDKs' ids are numbers in a column of text: 10 comes after 9.
    let name = checked(table.options.table())?;
    let query = format!("SELECT * FROM `{name}` ORDER BY CHAR_LENGTH(id), id");
    let mut database = connect(table).await?;
    tokio::spawn(async move {
        if let Err(problem) = rows(&mut database, &query, &sender).await {
            let _ = sender.send(Err(problem)).await;
        }
        let _ = database.disconnect().await;
    });
    Ok(())
}

async fn rows(database: &mut Conn, query: &str, sender: &Sender<Read>) -> Result<(), String> {
    let failed = |error: mysql_async::Error| format!("the database: {error}");
    let mut result = database.query_iter(query).await.map_err(failed)?;
    let names: Vec<String> = result
        .columns_ref()
        .iter()
        .map(|column| column.name_str().into_owned())
        .collect();
    let columns = table_fields(names.iter().map(String::as_str))?;
    let stream = result.stream::<mysql_async::Row>().await.map_err(failed)?;
    let Some(mut stream) = stream else {
        return Ok(());
    };
    let mut number = 0;
    while let Some(row) = stream.next().await {
        number += 1;
        let place = format!("row {number}");
        let row = match values(row.map_err(failed)?, &columns) {
            Ok(row) => row.build(place),
            Err(problem) => Some(Row {
                place,
                token: Err(problem),
            }),
        };
        if let Some(row) = row
            && sender.send(Ok(row)).await.is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

fn values(row: mysql_async::Row, columns: &[Field]) -> Result<RowBuilder, String> {
    let mut builder = RowBuilder::new();
    for (value, &field) in row.unwrap().into_iter().zip(columns) {
        match value {
            Value::NULL => {}
            Value::Bytes(bytes) => {
                let text = String::from_utf8(bytes);
                builder.set(field, &text.map_err(|_| format!("`{field}` is not UTF-8"))?);
            }
            Value::Int(number) => builder.set(field, &number.to_string()),
            Value::UInt(number) => builder.set(field, &number.to_string()),
            _ => return Err(format!("`{field}` is not text")),
        }
    }
    Ok(builder)
}

/// Writes a table, one token after another: over the row of its user and client, or into a new row. So an
/// export can be repeated, and goes into a table that the SDKs use.
pub struct Writer {
    database: Conn,
    rows: Rows,
    insert: String,
    update: String,
}

impl Writer {
    pub async fn new(table: Table<'_>) -> Result<Self, Failure> {
        let name = checked(table.options.table())?;
        let mut database = connect(table).await?;
        // Without this, a server may cut off what is too long, and call that a success.
        "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"
            .ignore(&mut database)
            .await
            .map_err(failed)?;
        // As the SDKs' table, with room for the store's ids, and compared byte for byte.
        format!(
            "CREATE TABLE IF NOT EXISTS `{name}` (id varchar(255) NOT NULL PRIMARY KEY, \
             user_name varchar(255), client_id varchar(255), client_secret varchar(255), \
             refresh_token varchar(255), access_token varchar(255), grant_token varchar(255), \
             expiry_time varchar(20), redirect_url varchar(255), api_domain varchar(255)) \
             CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
        .ignore(&mut database)
        .await
        .map_err(failed)?;
        let rows = existing(&mut database, name).await.map_err(failed)?;
        let names: Vec<_> = Field::ALL.iter().map(|field| field.as_str()).collect();
        let marks = vec!["?"; names.len()].join(",");
        let sets: Vec<_> = names.iter().map(|name| format!("{name} = ?")).collect();
        Ok(Writer {
            database,
            rows,
            insert: format!(
                "INSERT INTO `{name}` ({}) VALUES ({marks})",
                names.join(",")
            ),
            update: format!("UPDATE `{name}` SET {} WHERE id = ?", sets.join(", ")),
        })
    }

    /// Writes a token. Returns why the server refuses it: its number and not its text, which may contain a
    /// value.
    pub async fn write(&mut self, token: &OAuthToken) -> Result<Option<String>, Failure> {
        let (statement, id, is_update) = match self.rows.place(token) {
            Ok(Place::Over(id)) => (&self.update, id, true),
            Ok(Place::New(id)) => (&self.insert, id, false),
            Err(problem) => return Ok(Some(problem)),
        };
        let values = Field::ALL.iter().map(|&field| match field {
            Field::Id => Value::from(&id),
            _ => Value::from(token.expose(field)),
        });
        let condition = is_update.then(|| Value::from(&id));
        let params = Params::Positional(values.chain(condition).collect());
        let written = self.database.exec_drop(statement.as_str(), params).await;
        match written {
            Ok(()) => Ok(None),
            Err(mysql_async::Error::Server(error)) => {
                let advice = match error.code {
                    1366 => ": a character is missing in the table's character set",
                    1406 => ": a value is longer than its column",
                    _ => "",
                };
                let code = error.code;
                Ok(Some(format!(
                    "the database refuses the row (error {code}){advice}"
                )))
            }
            // Such as a connection that is closed: the next rows would fail as well.
            Err(error) => Err(failed(error)),
        }
    }

    pub async fn finish(self) -> Result<(), Failure> {
        self.database.disconnect().await.map_err(failed)
    }
}

/// Reads whose rows the table has.
async fn existing(database: &mut Conn, table: &str) -> mysql_async::Result<Rows> {
    let width: Option<Option<u64>> = database
        .exec_first(
            "SELECT CAST(CHARACTER_MAXIMUM_LENGTH AS UNSIGNED) FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = 'id'",
            (table,),
        )
        .await?;
    // A column of numbers has no such length, and room for 10 digits.
    let width = width.flatten().unwrap_or(10);
    let mut rows = Rows::new(usize::try_from(width).unwrap_or(usize::MAX));
    let names: Vec<_> = Field::ALL.iter().map(|field| field.as_str()).collect();
    let query = format!(
        "SELECT {} FROM `{table}` ORDER BY CHAR_LENGTH(id), id",
        names.join(",")
    );
    let mut result = database.query_iter(query).await?;
    while let Some(row) = result.next().await? {
        let column = |field: Field| {
            let index = Field::ALL.iter().position(|&one| one == field)?;
            row.get_opt::<String, _>(index)?.ok()
        };
        if let Some(id) = column(Field::Id) {
            rows.add(&id, column);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_need_no_encryption() {
        let is_here = |url: &str| {
            let opts = Opts::from_url(url).unwrap();
            is_this_machine(opts.ip_or_hostname())
        };
        for url in [
            "mysql://root@localhost/db",
            "mysql://root:pw@127.0.0.1:3307/db",
            "mysql://root@[::1]/db",
        ] {
            assert!(is_here(url), "{url}");
        }
        for url in [
            "mysql://root@db.example.com/db",
            "mysql://root@127.0.0.1.example.com/db",
            "mysql://localhost@192.0.2.1/db",
            "mysql://root@0.0.0.0/db",
            "mysql://root@[2001:db8::1]/db",
        ] {
            assert!(!is_here(url), "{url}");
        }
    }
}
