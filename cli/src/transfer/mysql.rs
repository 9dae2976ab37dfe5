//! The table of the SDKs' DBStore in MySQL or MariaDB.

use futures::StreamExt;
use mysql_async::prelude::{Query, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder, Params, Value};
use tokio::sync::mpsc::Sender;
use zoho_token_store::{Field, OAuthToken};

use super::channel::Read;
use super::row::{Row, RowBuilder, fields};
use super::table_name::checked;
use crate::failure::Failure;

/// Connects. The password is that of the URL, or else `MYSQL_PWD`, as for MySQL's own clients.
async fn connect(url: &str) -> Result<Conn, Failure> {
    let opts = Opts::from_url(url).map_err(|_| {
        Failure::Usage("the URL must look like mysql://user@host:3306/database".to_owned())
    })?;
    let password = opts.pass().map(str::to_owned);
    let password = password.or_else(|| std::env::var("MYSQL_PWD").ok());
    let opts = OptsBuilder::from_opts(opts).pass(password);
    Conn::new(opts).await.map_err(failed)
}

/// The errors of a server may quote a statement, but these statements contain no values.
fn failed(error: mysql_async::Error) -> Failure {
    Failure::Other(format!("the database: {error}"))
}

/// Reads a table on a task of its own.
pub async fn read(url: &str, table: &str, sender: Sender<Read>) -> Result<(), Failure> {
    let query = format!("SELECT * FROM `{}`", checked(table)?);
    let mut database = connect(url).await?;
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
    let columns = fields(names.iter().map(String::as_str))?;
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

/// Writes a table, one token after another. A row with the same id is replaced, so that an export can
/// be repeated.
pub struct Writer {
    database: Conn,
    replace: String,
}

impl Writer {
    pub async fn new(url: &str, table: &str) -> Result<Self, Failure> {
        let table = checked(table)?;
        let mut database = connect(url).await?;
        // As the SDKs' table, with room for the store's ids, and compared byte for byte.
        format!(
            "CREATE TABLE IF NOT EXISTS `{table}` (id varchar(255) NOT NULL PRIMARY KEY, \
             user_name varchar(255), client_id varchar(255), client_secret varchar(255), \
             refresh_token varchar(255), access_token varchar(255), grant_token varchar(255), \
             expiry_time varchar(20), redirect_url varchar(255), api_domain varchar(255)) \
             CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
        .ignore(&mut database)
        .await
        .map_err(failed)?;
        let names: Vec<_> = Field::ALL.iter().map(|field| field.as_str()).collect();
        let marks = vec!["?"; names.len()].join(",");
        let names = names.join(",");
        Ok(Writer {
            database,
            replace: format!("REPLACE INTO `{table}` ({names}) VALUES ({marks})"),
        })
    }

    /// Writes a token. The error is the server's number and not its text, which may contain a value.
    pub async fn write(&mut self, token: &OAuthToken) -> Result<(), String> {
        let values = Field::ALL
            .iter()
            .map(|&field| Value::from(token.expose(field)));
        let params = Params::Positional(values.collect());
        let written = self.database.exec_drop(self.replace.as_str(), params).await;
        written.map_err(|error| match error {
            mysql_async::Error::Server(error) => {
                format!("the database refuses the row (error {})", error.code)
            }
            error => format!("the database: {error}"),
        })
    }

    pub async fn finish(self) -> Result<(), Failure> {
        self.database.disconnect().await.map_err(failed)
    }
}
